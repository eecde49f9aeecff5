import { exp, log1p } from '../exponential.ts'
import { lowerPart } from './beta.ts'
import { inverse } from './inverse.ts'
import { normal } from './normal.ts'
import { stirlingError } from './stirling.ts'

const twoPi = 6.283185307179586

/** From here the beta function would lose digits to 1 − x, and the series in 1/df needs few terms. */
const manyDegrees = 2000

/** Γ((df + 1) / 2) ÷ (√(df / 2) Γ(df / 2)); tends to 1. */
function constant(df: number): number {
  const [half, more] = [df / 2, (df + 1) / 2]
  const gap = stirlingError(more) - stirlingError(half)
  // Γ(m) = Γ(m + 1) / m; the powers combine to (1 + 1/df)^(df/2) e^(−½).
  return exp(gap + half * log1p(1 / df) - 0.5)
}

const density = (t: number, df: number) =>
  (constant(df) / Math.sqrt(twoPi)) * exp(-0.5 * (df + 1) * log1p((t * t) / df))

/** P(T > t), right in relative terms in the tail. */
function upper(t: number, df: number): number {
  if (t < 0) return 1 - upper(-t, df)
  if (t === 0) return 0.5
  if (t === Infinity) return 0
  return df >= manyDegrees ? upperOfMany(t, df) : upperOfFew(t, df)
}

/** By the incomplete beta function (DLMF 8.17; Abramowitz & Stegun 26.7.1). */
function upperOfFew(t: number, df: number): number {
  const ratio = (t * t) / df
  const [x, y] = [1 / (1 + ratio), ratio / (1 + ratio)]
  const kernel = density(t, df) * t
  return x <= (df / 2 + 1) / (df / 2 + 2.5)
    ? lowerPart(x, df / 2, 0.5, kernel) / 2
    : 0.5 - lowerPart(y, 0.5, df / 2, kernel) / 2
}

/** √(h / sinh h) = Σ coefficient × h^2k, which the change of variable below leaves of the density. */
const coefficients = [1, -1 / 12, 1 / 160, -61 / 120960, 1261 / 29030400, -79 / 20275200]

/**
 * With w² = df log(1 + t²/df) the density is a normal one times √(h / sinh h), h = w²/2df; integrated term by term.
 * The first term is Wallace's (1959) approximation of t by a normal.
 */
function upperOfMany(t: number, df: number): number {
  const z = Math.sqrt((df - 0.5) * log1p((t * t) / df))
  const size = normal.density(z)
  let moment = normal.upper(z)
  let power = 1
  let odd = 1
  let sum = 0
  const shrink = 1 / (2 * (df - 0.5))
  let zPower = z
  for (const coefficient of coefficients) {
    sum += coefficient * power * moment
    // ∫ z^(m+2) φ = z^(m+1) φ + (m + 1) ∫ z^m φ, twice: a term is in h² ∝ z⁴.
    for (let twice = 0; twice < 2; twice++) {
      moment = zPower * size + odd * moment
      zPower *= z * z
      odd += 2
    }
    power *= shrink * shrink
  }
  return constant(df) * Math.sqrt(df / (df - 0.5)) * sum
}

/** The t with P(T > t) = q; 0 < q < 1. */
function upperQuantile(q: number, df: number): number {
  if (!(q > 0 && q < 1)) return q === 0 ? Infinity : q === 1 ? -Infinity : NaN
  if (q > 0.5) return -upperQuantile(1 - q, df)
  if (q === 0.5) return 0
  return inverse(
    q,
    normal.upperQuantile(q),
    -1,
    (t) => upper(t, df),
    (t) => density(t, df),
  )
}

/** Student's t distribution; `df` > 0 need not be an integer. */
export const studentT = {
  density,
  cdf: (t: number, df: number) => upper(-t, df),
  upper,
  quantile: (p: number, df: number) => -upperQuantile(p, df),
  upperQuantile,
}
