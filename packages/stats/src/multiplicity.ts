import { InvalidStatistics, within } from './invalid.ts'

export type Correction = 'bonferroni' | 'holm' | 'benjamini-hochberg'

export interface Corrected {
  /** The least level of the whole family at which this one is rejected. */
  readonly adjusted: number
  readonly rejected: boolean
  /**
   * α at which to compute this one's interval so that it keeps the family's promise: with `bonferroni` and `holm` all intervals hold together with
   * probability 1 − α (Holm has no simple two-sided interval of its own, so its intervals are Bonferroni's and may include zero where the test rejects);
   * with `benjamini-hochberg` the expected share of wrong intervals among those rejected is ≤ α (Benjamini & Yekutieli 2005), and there is none for the rest.
   */
  readonly intervalAlpha: number | null
}

/**
 * Several questions at one α, answers in the order asked. Any p-values will do, always-valid ones too.
 * `bonferroni` (Dunn 1961) and `holm` (Holm 1979) bound the chance of any false rejection, whatever the dependence; `benjamini-hochberg` (1995) the expected
 * share of false ones, for independent or positively dependent p-values.
 */
export function correct(ps: readonly number[], correction: Correction, alpha = 0.05): Corrected[] {
  within('alpha', alpha, 0, 1)
  for (const p of ps)
    if (!(p >= 0 && p <= 1))
      throw new InvalidStatistics('HW_IMPOSSIBLE_OPTION', `A p-value lies between 0 and 1; this one is ${p}.`)
  const adjusted = adjust(ps, correction)
  const rejected = adjusted.filter((p) => p <= alpha).length
  const falseCoverage = rejected === 0 ? null : (alpha * rejected) / ps.length
  return adjusted.map((p) => ({
    adjusted: p,
    rejected: p <= alpha,
    intervalAlpha: correction !== 'benjamini-hochberg' ? alpha / ps.length : p <= alpha ? falseCoverage : null,
  }))
}

function adjust(ps: readonly number[], correction: Correction): number[] {
  const m = ps.length
  if (correction === 'bonferroni') return ps.map((p) => Math.min(1, m * p))
  const order = ps.map((_, index) => index).sort((a, b) => ps[a]! - ps[b]! || a - b)
  const adjusted = ps.map(() => 1)
  let worst = correction === 'holm' ? 0 : 1
  for (let step = 0; step < m; step++) {
    // Holm walks up from the least p and never falls; Benjamini-Hochberg walks down from the greatest and never rises.
    const rank = correction === 'holm' ? step : m - 1 - step
    const index = order[rank]!
    worst =
      correction === 'holm'
        ? Math.max(worst, Math.min(1, (m - rank) * ps[index]!))
        : Math.min(worst, (m / (rank + 1)) * ps[index]!)
    adjusted[index] = worst
  }
  return adjusted
}
