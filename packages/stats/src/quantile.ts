import { compareContrast } from './compare.ts'
import type { Contrast } from './contrast.ts'
import { InvalidStatistics, within } from './invalid.ts'
import { cannot, type CannotCompute, type CompareOptions, type Comparison } from './result.ts'
import type { Integer } from './sums.ts'

export interface QuantileMetric {
  /** 0.5 is the median. */
  readonly quantile: number
  /** Integers per one; default 1. */
  readonly scale?: number
}

/**
 * Compares a quantile of two variants from their per-unit values, one a unit, in any order (an array or a typed array of integers in the metric's scale).
 * The spread of a quantile is taken from the order statistics 1.96 binomial standard deviations to either side of it, so no density is estimated:
 * Deng, Knoblich & Lu 2018 ("Applying the Delta method in metric analytics", §4, the outer interval). A quantile is asymptotically a mean of indicators
 * (Bahadur 1966), so the confidence sequence applies as it does to means: where values have a density. Where many units share the values around the
 * quantile, as of small counts, it jumps between them and no spread tells how often: that gives `too-many-ties`.
 */
export function compareQuantiles(
  metric: QuantileMetric,
  control: ArrayLike<Integer>,
  treatment: ArrayLike<Integer>,
  options: CompareOptions = {},
): Comparison | CannotCompute {
  within('quantile', metric.quantile, 0, 1)
  const [c, t] = [located(metric, control), located(metric, treatment)]
  if (c === undefined || t === undefined) {
    const sentence = `Too few units lie beyond the ${metric.quantile} quantile of a variant to tell its spread.`
    return cannot('too-few-units', sentence)
  }
  const tied = [c, t].find(({ tied: share }) => share > mostTied)
  if (tied !== undefined) {
    const advice = 'Compare the share of units above a value that matters, or the mean.'
    return cannot(
      'too-many-ties',
      `Too many units have the same value around ${tied.value}, where the quantile lies. ${advice}`,
    )
  }
  const contrast: Contrast = {
    metric: 'quantile',
    n: [control.length, treatment.length],
    base: c.value,
    difference: t.value - c.value,
    varianceOfBase: c.variance,
    varianceOfDifference: c.variance + t.variance,
    covariance: -c.variance,
    parts: [c.variance, t.variance],
  }
  return compareContrast(contrast, options)
}

const reach = 1.96
/**
 * Share of the units between the two order statistics that may have one value: above it, false alarms of a median of counts looked at 50 times
 * rose to 30 %. Values with a density (money in minor units, times in milliseconds) stay far below.
 */
const mostTied = 0.25

function located({ quantile, scale = 1 }: QuantileMetric, values: ArrayLike<Integer>) {
  const n = values.length
  const sorted = Float64Array.from(values, Number).sort()
  const spread = reach * Math.sqrt(n * quantile * (1 - quantile))
  const [low, high] = [Math.floor(n * quantile - spread), Math.ceil(n * quantile + spread)]
  if (low < 1 || high > n) return undefined
  const deviation = (sorted[high - 1]! - sorted[low - 1]!) / (2 * reach * scale)
  const tied = longestRun(sorted.subarray(low - 1, high)) / (high - low + 1)
  return { value: sorted[rank(quantile, n)]! / scale, variance: deviation * deviation, tied }
}

function longestRun(sorted: Float64Array): number {
  let [longest, run] = [0, 0]
  for (let i = 0; i < sorted.length; i++) {
    run = i > 0 && sorted[i] === sorted[i - 1] ? run + 1 : 1
    longest = Math.max(longest, run)
  }
  return longest
}

/** Index of the least value with at least this share of the values at or below it. */
const rank = (quantile: number, n: number) => Math.max(0, Math.ceil(n * quantile) - 1)

export interface Winsorised {
  /** Values below are raised to `lower`, above are cut to `upper`; null: not bounded. */
  readonly lower: bigint | null
  readonly upper: bigint | null
  /** Per variant, in the order given. */
  readonly variants: readonly (readonly bigint[])[]
}

/**
 * Pulls extreme values in to quantiles of all variants together (Dixon 1960; Tukey 1962), so that a few units do not drown the rest. The bounds are common to the
 * variants, or the comparison would be biased.
 * What is compared then is the mean of the bounded values; say so beside the result.
 */
export function winsorise(
  variants: readonly (readonly Integer[])[],
  at: { lower?: number; upper?: number },
): Winsorised {
  const pooled = variants.flatMap((values) => values.map(BigInt)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const bound = (quantile: number | undefined) =>
    quantile === undefined || pooled.length === 0
      ? null
      : pooled[rank(within('quantile', quantile, 0, 1), pooled.length)]!
  const [lower, upper] = [bound(at.lower), bound(at.upper)]
  if (lower !== null && upper !== null && lower > upper)
    throw new InvalidStatistics(
      'HW_IMPOSSIBLE_OPTION',
      `The lower quantile (${at.lower}) must be below the upper (${at.upper}).`,
    )
  const pull = (value: bigint) =>
    lower !== null && value < lower ? lower : upper !== null && value > upper ? upper : value
  return { lower, upper, variants: variants.map((values) => values.map((value) => pull(BigInt(value)))) }
}
