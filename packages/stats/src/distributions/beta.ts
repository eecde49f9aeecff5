import { exp } from '../exponential.ts'
import { continuedFraction } from './continued-fraction.ts'
import { inverse } from './inverse.ts'
import { deviance, stirlingError } from './stirling.ts'

const twoPi = 6.283185307179586

/** x^a y^b / B(a, b), y = 1 − x. */
function kernel(x: number, y: number, a: number, b: number): number {
  const n = a + b
  const size = stirlingError(n) - stirlingError(a) - stirlingError(b)
  return Math.sqrt((a / n) * b * (1 / twoPi)) * exp(size - deviance(a, n * x) - deviance(b, n * y))
}

/**
 * The regularised incomplete beta function I_x(a, b) where x ≤ (a + 1) / (a + b + 2), from x^a y^b / B(a, b) (DLMF 8.17.22).
 */
export function lowerPart(x: number, a: number, b: number, kernel: number): number {
  const term = (n: number): readonly [number, number] => {
    const m = Math.floor(n / 2)
    const numerator = n % 2 === 0 ? m * (b - m) : -(a + m) * (a + b + m)
    return [(numerator / ((a + n - 1) * (a + n))) * x, 1]
  }
  return kernel / (a * continuedFraction(1, term))
}

function tail(x: number, y: number, a: number, b: number): number {
  if (!(x > 0 && y > 0)) return x <= 0 ? 0 : y <= 0 ? 1 : NaN
  const size = kernel(x, y, a, b)
  return x <= (a + 1) / (a + b + 2) ? lowerPart(x, a, b, size) : 1 - lowerPart(y, b, a, size)
}

/** P(X ≤ x). */
const cdf = (x: number, a: number, b: number) => tail(x, 1 - x, a, b)
/** P(X > x). */
const upper = (x: number, a: number, b: number) => tail(1 - x, x, b, a)
const density = (x: number, a: number, b: number) => kernel(x, 1 - x, a, b) / x / (1 - x)

/** The x with P(X ≤ x) = p, solved for the odds x / (1 − x), which have room on both sides. */
function quantile(p: number, a: number, b: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? 0 : p === 1 ? 1 : NaN
  return p <= 0.5 ? fromOdds(solve(p, a, b)) : fromOdds(1 / solve(1 - p, b, a))
}

/** The x with P(X > x) = q. */
const upperQuantile = (q: number, a: number, b: number) => 1 - quantile(q, b, a)

const fromOdds = (odds: number) => (odds === Infinity ? 1 : odds / (1 + odds))

function solve(p: number, a: number, b: number): number {
  const split = (odds: number): readonly [number, number] => [odds / (1 + odds), 1 / (1 + odds)]
  return inverse(
    p,
    a / b,
    1,
    (odds) => tail(...split(odds), a, b),
    (odds) => kernel(...split(odds), a, b) / odds,
  )
}

/** The beta distribution on 0…1. */
export const beta = { density, cdf, upper, quantile, upperQuantile }
