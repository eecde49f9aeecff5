import { exp } from '../exponential.ts'
import { continuedFraction } from './continued-fraction.ts'
import { inverse } from './inverse.ts'
import { normal } from './normal.ts'
import { deviance, stirlingError } from './stirling.ts'

const twoPi = 6.283185307179586

/** x^a e^(−x) / Γ(a). */
function kernel(x: number, a: number): number {
  return Math.sqrt(a / twoPi) * exp(-stirlingError(a) - deviance(a, x))
}

function series(x: number, a: number): number {
  let term = 1 / a
  let sum = term
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= x / (a + k)
    sum += term
  }
  return kernel(x, a) * sum
}

function fraction(x: number, a: number): number {
  return kernel(x, a) / continuedFraction(x + 1 - a, (n) => [n * (a - n), x + 2 * n + 1 - a])
}

/** P(X ≤ x), the regularised lower incomplete gamma function (DLMF 8.7.1, 8.9.2). */
function cdf(x: number, a: number): number {
  if (!(x > 0)) return x <= 0 ? 0 : NaN
  if (x === Infinity) return 1
  return x < a + 1 ? series(x, a) : 1 - fraction(x, a)
}

/** P(X > x). */
function upper(x: number, a: number): number {
  if (!(x > 0)) return x <= 0 ? 1 : NaN
  if (x === Infinity) return 0
  return x < a + 1 ? 1 - series(x, a) : fraction(x, a)
}

const density = (x: number, a: number) => kernel(x, a) / x

/** Wilson & Hilferty 1931; only a place to start. */
function start(a: number, z: number): number {
  const root = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a))
  return root > 0.1 ? a * root * root * root : a * 0.001
}

function solve(probability: number, a: number, tail: typeof cdf, z: number): number {
  return inverse(
    probability,
    start(a, z),
    tail === cdf ? 1 : -1,
    (x) => tail(x, a),
    (x) => density(x, a),
  )
}

/** The x with P(X ≤ x) = p. */
function quantile(p: number, a: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? 0 : p === 1 ? Infinity : NaN
  return p <= 0.5 ? solve(p, a, cdf, normal.quantile(p)) : solve(1 - p, a, upper, normal.quantile(p))
}

/** The x with P(X > x) = q. */
function upperQuantile(q: number, a: number): number {
  if (!(q > 0 && q < 1)) return q === 0 ? Infinity : q === 1 ? 0 : NaN
  return q <= 0.5 ? solve(q, a, upper, normal.upperQuantile(q)) : solve(1 - q, a, cdf, normal.upperQuantile(q))
}

/** The gamma distribution with shape `a` and scale 1. */
export const gamma = { density, cdf, upper, quantile, upperQuantile }

/** The χ² distribution. */
export const chiSquare = {
  density: (x: number, df: number) => density(x / 2, df / 2) / 2,
  cdf: (x: number, df: number) => cdf(x / 2, df / 2),
  upper: (x: number, df: number) => upper(x / 2, df / 2),
  quantile: (p: number, df: number) => 2 * quantile(p, df / 2),
  upperQuantile: (q: number, df: number) => 2 * upperQuantile(q, df / 2),
}
