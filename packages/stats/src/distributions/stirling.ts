import { log } from '../exponential.ts'

const halfLogTwoPi = 0.9189385332046728

/**
 * log Γ(z + 1) − (z + ½) log z + z − ½ log 2π for z > 0: what Stirling's formula leaves out.
 * Probabilities built from it and `deviance` keep their digits for large parameters (Loader 2000, "Fast and accurate computation of binomial probabilities").
 */
export function stirlingError(z: number): number {
  if (z >= 16) {
    const w = 1 / (z * z)
    return (
      (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w / 156)))))) / z
    )
  }
  const steps = Math.floor(16 - z) + 1
  let product = 1
  for (let j = 1; j <= steps; j++) product *= z + j
  const far = z + steps
  return stirlingError(far) + (far + 0.5) * log(far) - far - ((z + 0.5) * log(z) - z) - log(product)
}

/** log Γ(z) for z > 0. */
export function logGamma(z: number): number {
  return stirlingError(z) + (z - 0.5) * log(z) - z + halfLogTwoPi
}

/** x log(x / mean) + mean − x without the cancellation near the mean. */
export function deviance(x: number, mean: number): number {
  const gap = x - mean
  if (Math.abs(gap) >= 0.1 * (x + mean)) return x * log(x / mean) - gap
  const v = gap / (x + mean)
  let sum = gap * v
  let power = 2 * x * v
  for (let j = 1; j < 1000; j++) {
    power *= v * v
    const next = sum + power / (2 * j + 1)
    if (next === sum) break
    sum = next
  }
  return sum
}
