import { normal } from './distributions/normal.ts'
import { studentT } from './distributions/student-t.ts'
import { exp, log } from './exponential.ts'
import { within } from './invalid.ts'
import type { Reach } from './effect.ts'
import type { Alternative, Measured, Method } from './result.ts'

/** Units in each variant before which a sequence stays silent: it leans on the central limit theorem, and on each variant knowing its spread. */
export const defaultFrom = 50
export const defaultTightestAt = 5000

/**
 * Critical value: how many standard errors an estimate may lie from the truth at level α.
 *
 * `sequence` and `mixture`, two-sided: √(2 (r + 1)/r · log(√(r + 1) / α)), r the mixture's variance in squared standard errors.
 * With r = nρ² this is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (arXiv 2103.06476, theorem 2.2); with
 * r = τ²/variance the mixture SPRT of Robbins 1970 as used by Zhao et al. (arXiv 1905.10493).
 * One-sided, the mixture is over one half of the line and Φ(x) ≥ 1 − e^(−x²/2)/2 bounds it: log((1 + √(r + 1)/α) / 2) takes the place of the logarithm.
 */
export function critical({ measured, alpha, alternative }: Reach): number {
  const twoSided = alternative === 'different'
  if (measured.kind === 'fixed') {
    const tail = twoSided ? alpha / 2 : alpha
    return measured.test === 'welch'
      ? studentT.upperQuantile(tail, measured.degreesOfFreedom)
      : normal.upperQuantile(tail)
  }
  const r = measured.spread
  const ratio = Math.sqrt(r + 1) / alpha
  return Math.sqrt(((2 * (r + 1)) / r) * log(twoSided ? ratio : (1 + ratio) / 2))
}

/** The least α at which an estimate `z` standard errors above the null is beyond the critical value. */
export function pValue(measured: Measured, z: number, alternative: Alternative): number {
  const size = alternative === 'different' ? Math.abs(z) : alternative === 'higher' ? z : -z
  if (measured.kind === 'fixed') {
    const tail = measured.test === 'welch' ? studentT.upper(size, measured.degreesOfFreedom) : normal.upper(size)
    return alternative === 'different' ? Math.min(1, 2 * tail) : tail
  }
  if (size <= 0) return 1
  const r = measured.spread
  const shrunk = exp((-0.5 * size * size * r) / (r + 1))
  const root = Math.sqrt(r + 1) * shrunk
  return Math.min(1, alternative === 'different' ? root : root / (2 - shrunk))
}

/** Spread of the sequence tightest at some number of units: Waudby-Smith et al., appendix on tuning ρ. */
export function spreadOfSequence(units: number, tightestAt: number, alpha: number, alternative: Alternative): number {
  const odds = -2 * log(alternative === 'different' ? alpha : Math.min(2 * alpha, 0.999))
  return (units * (odds + log(odds + 1))) / tightestAt
}

/** Refuses methods that mean nothing. */
export function checkMethod(method: Method): void {
  if (method.kind === 'sequence') within('tightestAt', method.tightestAt ?? defaultTightestAt, 0, Infinity)
  if (method.kind === 'mixture') within('plausible', method.plausible, 0, Infinity)
}
