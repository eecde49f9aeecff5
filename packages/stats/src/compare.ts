import { contrast, type Contrast } from './contrast.ts'
import { scoreEffect, waldEffect, type Reach } from './effect.ts'
import { InvalidStatistics, within } from './invalid.ts'
import { lift, proportions } from './lift.ts'
import { obstacle } from './linear.ts'
import { isScored } from './score.ts'
import { steadied } from './steady.ts'
import {
  cannot,
  type CannotCompute,
  type CompareOptions,
  type Comparison,
  type Measured,
  type Method,
} from './result.ts'
import type { MeanSums, ProportionSums, RatioSums, Sums } from './sums.ts'
import { checkMethod, defaultFrom, defaultTightestAt, spreadOfSequence } from './yardstick.ts'

/**
 * Treatment against control: difference and lift, each with interval and p-value, by default valid at every look.
 * Pure: equal sums and options give equal bits. Throws `HW_UNLIKE_SUMS` for two metrics, `HW_IMPOSSIBLE_SUMS`, `HW_IMPOSSIBLE_OPTION`.
 */
export function compare<S extends ProportionSums | MeanSums | RatioSums>(
  control: S,
  treatment: S,
  options: CompareOptions = {},
): Comparison | CannotCompute {
  sameMetric(control, treatment)
  const reason = obstacle(control) ?? obstacle(treatment)
  if (reason === 'too-few-units')
    return tooFew(Math.max(2, fewestOf(options.method)), control.n < treatment.n ? control.n : treatment.n)
  if (reason === 'no-denominator')
    return cannot(reason, 'The denominator adds up to zero in a variant, so the ratio has no value there.')
  return compareContrast(contrast(control, treatment, options.adjust ?? true), options)
}

/** The same from numbers, for estimates that are no sums. */
export function compareContrast(given: Contrast, options: CompareOptions): Comparison | CannotCompute {
  const { alpha = 0.05, alternative = 'different', method = { kind: 'sequence' } } = options
  within('alpha', alpha, 0, 0.5)
  checkMethod(method)
  const from = fewestOf(method)
  const fewest = Math.min(given.n[0], given.n[1])
  if (fewest < from) return tooFew(from, fewest)
  if (!(given.varianceOfDifference > 0) && !isScored(given.metric, method))
    return cannot(
      'no-variance',
      'All units of both variants have the same value: there is no spread to measure against.',
    )
  const trusted = method.kind === 'fixed' || isScored(given.metric, method) ? given : steadied(given)
  const reach = { measured: measure(trusted, method, options), alpha, alternative }
  const found = effects(trusted, reach, options.lift ?? 'fieller')
  return { kind: 'computed', metric: given.metric, alpha, alternative, ...found }
}

function effects(given: Contrast, reach: Reach, lifted: 'fieller' | 'delta') {
  const { n, base, difference, varianceOfBase, varianceOfDifference, covariance, adjusted } = given
  const varianceOfTreatment = varianceOfBase + varianceOfDifference + 2 * covariance
  const standardError = Math.sqrt(varianceOfDifference)
  const scored = isScored(given.metric, reach.measured)
  const liftBy = scored && lifted === 'fieller' ? ('score' as const) : lifted
  return {
    method: reach.measured,
    control: { n: n[0], value: base, standardError: root(varianceOfBase) },
    treatment: { n: n[1], value: base + difference, standardError: root(varianceOfTreatment) },
    difference: scored
      ? scoreEffect(difference, standardError, proportions(given), 'difference', reach)
      : waldEffect(difference, standardError, reach),
    liftBy,
    lift: lift(given, liftBy, reach),
    ...(adjusted === undefined ? {} : { adjusted }),
  }
}

function measure(
  given: Contrast,
  method: Method,
  { alpha = 0.05, alternative = 'different' }: CompareOptions,
): Measured {
  const units = given.n[0] + given.n[1]
  if (method.kind === 'sequence') {
    const spread = spreadOfSequence(units, method.tightestAt ?? defaultTightestAt, alpha, alternative)
    return { kind: 'sequence', spread }
  }
  if (method.kind === 'mixture')
    return { kind: 'mixture', spread: (method.plausible * method.plausible) / given.varianceOfDifference }
  if (given.metric === 'mean') return { kind: 'fixed', test: 'welch', degreesOfFreedom: welch(given) }
  return { kind: 'fixed', test: given.metric === 'proportion' ? 'score' : 'z' }
}

/** Degrees of freedom by Welch 1947 ("The generalization of Student's problem when several different population variances are involved"). */
function welch({ parts: [c, t], n }: Contrast): number {
  const share = c / (c + t)
  return 1 / ((share * share) / (n[0] - 1) + ((1 - share) * (1 - share)) / (n[1] - 1))
}

const root = (variance: number) => Math.sqrt(Math.max(0, variance))

/** Units in each variant before which a method says nothing. */
const fewestOf = (method: Method = { kind: 'sequence' }) => (method.kind === 'fixed' ? 0 : (method.from ?? defaultFrom))

function tooFew(needed: number, got: number | bigint): CannotCompute {
  return cannot(
    'too-few-units',
    `${needed} units are needed in each variant before anything can be said; in one there are ${got}.`,
  )
}

function sameMetric(a: Sums, b: Sums): void {
  const name = (sums: Sums) =>
    sums.kind === 'proportion'
      ? 'proportion'
      : `${sums.kind} in scale ${sums.kind === 'mean' ? sums.scale : sums.scales}`
  const covariate = (sums: Sums) => (sums.kind !== 'proportion' && sums.before !== undefined ? ' with a covariate' : '')
  const [left, right] = [name(a) + covariate(a), name(b) + covariate(b)]
  if (left !== right)
    throw new InvalidStatistics(
      'HW_UNLIKE_SUMS',
      `Control and treatment must be sums of one metric: ${left} against ${right}.`,
    )
}
