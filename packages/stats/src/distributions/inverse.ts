import { exp, log } from '../exponential.ts'

/**
 * The x > 0 at which a monotone tail has the probability wanted: Newton on log tail over log x, kept inside a bracket.
 * `tail` must be right in relative terms, also where it is tiny; it rises (1) or falls (−1) with x, at the speed of `density`.
 */
export function inverse(
  wanted: number,
  start: number,
  direction: 1 | -1,
  tail: (x: number) => number,
  density: (x: number) => number,
): number {
  const target = log(wanted)
  let [low, high] = [-736, 709]
  let at = log(start)
  for (let step = 0; step < 200; step++) {
    const x = exp(at)
    const reached = tail(x)
    const miss = (target - log(reached)) * direction
    if (miss > 0) low = at
    else high = at
    const newton = at + (miss * reached) / (x * density(x))
    const next = newton > low - 1e-9 && newton < high + 1e-9 ? newton : (low + high) / 2
    // The last step is made in x itself: log x carries fewer digits where x is far from 1.
    if (Math.abs(next - at) < 1e-9) return x + x * (next - at)
    at = next
  }
  return exp(at)
}
