import { exp, log } from '../exponential.ts'
import { continuedFraction } from './continued-fraction.ts'

const rootTwoPi = 2.5066282746310002

const density = (z: number) => exp(-0.5 * z * z) / rootTwoPi

/** P(Z > z), right in relative terms down to the smallest double (Abramowitz & Stegun 26.2.11 and 26.2.14). */
function upper(z: number): number {
  if (z < 0) return 1 - upper(-z)
  if (z > 39) return 0
  return z < 2 ? 0.5 - density(z) * oddSeries(z) : density(z) / continuedFraction(z, (n) => [n, z])
}

/** z + z³/3 + z⁵/(3·5) + … */
function oddSeries(z: number): number {
  let term = z
  let sum = z
  for (let k = 3; term > sum * 1e-17; k += 2) {
    term *= (z * z) / k
    sum += term
  }
  return sum
}

/** The z with P(Z > z) = q; 0 < q < 1. */
function upperQuantile(q: number): number {
  if (!(q > 0 && q < 1)) return q === 0 ? Infinity : q === 1 ? -Infinity : NaN
  if (q > 0.5) return -upperQuantile(1 - q)
  // Abramowitz & Stegun 26.2.23 is right to 4.5e-4; each Halley step triples the digits.
  const t = Math.sqrt(-2 * log(q))
  let z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  for (let step = 0; step < 3; step++) {
    const miss = (upper(z) - q) / density(z)
    z += miss / (1 - 0.5 * z * miss)
  }
  return z
}

/** The standard normal distribution; relative error below 1e-12 in either tail. */
export const normal = {
  density,
  cdf: (z: number) => upper(-z),
  upper,
  quantile: (p: number) => -upperQuantile(p),
  upperQuantile,
}
