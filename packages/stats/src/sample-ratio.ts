import { chiSquare } from './distributions/gamma.ts'
import { logGamma } from './distributions/stirling.ts'
import { exp, log } from './exponential.ts'
import { InvalidStatistics, within } from './invalid.ts'
import { cannot, type CannotCompute } from './result.ts'

/** Units seen in a variant, and the weight it was given. */
export interface Share {
  readonly units: bigint | number
  readonly weight: number
}

export interface SampleRatio {
  readonly kind: 'computed'
  readonly method: 'sequence' | 'fixed'
  /** Of "units fell by the weights". */
  readonly p: number
  /** p ≤ α: something between assignment and count loses or doubles units; no result may be trusted. */
  readonly mismatch: boolean
  /** Per variant: units there should be. */
  readonly expected: readonly number[]
}

export interface SampleRatioOptions {
  /** `sequence` (default) may be read after every unit; `fixed` is Pearson's χ², for one look. */
  readonly method?: 'sequence' | 'fixed'
  /** Default 0.001: a false alarm stops an experiment. */
  readonly alpha?: number
  /** `sequence` only: how many units the prior is worth; larger finds small leaks sooner and large ones later. Default 1,000. */
  readonly concentration?: number
}

/** Sample ratio mismatch: do the counts of units fit the weights? Throws `HW_IMPOSSIBLE_OPTION` for fewer than two variants or a weight ≤ 0. */
export function sampleRatio(shares: readonly Share[], options: SampleRatioOptions = {}): SampleRatio | CannotCompute {
  const { method = 'sequence', alpha = 0.001, concentration = 1000 } = options
  within('alpha', alpha, 0, 1)
  within('concentration', concentration, 0, Infinity)
  const weights = shares.map(({ weight }) => within('weight', weight, 0, Infinity))
  if (shares.length < 2)
    throw new InvalidStatistics('HW_IMPOSSIBLE_OPTION', 'A sample ratio needs two variants or more.')
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const units = shares.map((share) => Number(share.units))
  const n = units.reduce((sum, count) => sum + count, 0)
  if (n === 0) return cannot('too-few-units', 'No unit has been seen yet.')
  const theta = weights.map((weight) => weight / total)
  const expected = theta.map((share) => n * share)
  const p = method === 'fixed' ? pearson(units, expected) : sequential(units, theta, concentration)
  return { kind: 'computed', method, p, mismatch: p <= alpha, expected }
}

/** Pearson 1900. */
function pearson(units: readonly number[], expected: readonly number[]): number {
  const statistic = units.reduce((sum, count, i) => {
    const gap = count - expected[i]!
    return sum + (gap * gap) / expected[i]!
  }, 0)
  return chiSquare.upper(statistic, units.length - 1)
}

/**
 * One over the Bayes factor of a Dirichlet(concentration × weights) prior against the weights: under them a martingale that starts at 1, so that it ever reaches
 * 1/α with probability ≤ α at most (Lindon & Malek 2022, "Anytime-valid inference for multinomial count data", arXiv 2011.03567). Depends on the counts alone, not on their order.
 */
function sequential(units: readonly number[], theta: readonly number[], concentration: number): number {
  const n = units.reduce((sum, count) => sum + count, 0)
  const logFactor = units.reduce(
    (sum, count, i) => sum + rising(concentration * theta[i]!, count) - count * log(theta[i]!),
    -rising(concentration, n),
  )
  return Math.min(1, exp(-logFactor))
}

/** log of a (a + 1) … (a + count − 1). */
const rising = (a: number, count: number) => (count === 0 ? 0 : logGamma(a + count) - logGamma(a))
