import { contrast, type Contrast } from './contrast.ts'
import { InvalidStatistics, within } from './invalid.ts'
import { lift } from './lift.ts'
import { obstacle } from './linear.ts'
import type { CannotCompute, CompareOptions, Comparison, Effect, Measured, Method } from './result.ts'
import type { MeanSums, ProportionSums, RatioSums, Sums } from './sums.ts'
import { checkMethod, critical, defaultFrom, defaultTightestAt, pValue, spreadOfSequence } from './yardstick.ts'

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
  if (reason === 'too-few-units') return tooFew(2, control.n < treatment.n ? control.n : treatment.n)
  if (reason === 'no-denominator')
    return cannot(reason, 'The denominator adds up to zero in a variant, so the ratio has no value there.')
  return compareContrast(contrast(control, treatment, options.adjust ?? true), options)
}

/** The same from numbers, for estimates that are no sums. */
export function compareContrast(given: Contrast, options: CompareOptions): Comparison | CannotCompute {
  const { alpha = 0.05, alternative = 'different', method = { kind: 'sequence' } } = options
  within('alpha', alpha, 0, 0.5)
  checkMethod(method)
  const from = method.kind === 'fixed' ? 0 : (method.from ?? defaultFrom)
  if (given.n[0] + given.n[1] < from) return tooFew(from, given.n[0] + given.n[1])
  if (!(given.varianceOfDifference > 0))
    return cannot(
      'no-variance',
      'All units of both variants have the same value: there is no spread to measure against.',
    )
  const measured = measure(given, method, options)
  const standardError = Math.sqrt(given.varianceOfDifference)
  const varianceOfTreatment = given.varianceOfBase + given.varianceOfDifference + 2 * given.covariance
  return {
    kind: 'computed',
    metric: given.metric,
    method: measured,
    alpha,
    alternative,
    control: { n: given.n[0], value: given.base, standardError: root(given.varianceOfBase) },
    treatment: { n: given.n[1], value: given.base + given.difference, standardError: root(varianceOfTreatment) },
    difference: effect(given.difference, standardError, measured, alpha, alternative),
    liftBy: options.lift ?? 'fieller',
    lift: lift(given, measured, { alpha, alternative, interval: options.lift ?? 'fieller' }),
    ...(given.adjusted === undefined ? {} : { adjusted: given.adjusted }),
  }
}

/** Estimate ± critical value × standard error. */
export function effect(
  estimate: number,
  standardError: number,
  measured: Measured,
  alpha: number,
  alternative: Comparison['alternative'],
): Effect {
  const reach = critical(measured, alpha, alternative) * standardError
  return {
    kind: 'computed',
    estimate,
    standardError,
    lower: alternative === 'lower' ? null : estimate - reach,
    upper: alternative === 'higher' ? null : estimate + reach,
    p: pValue(measured, estimate / standardError, alternative),
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
  return { kind: 'fixed', degreesOfFreedom: given.metric === 'mean' ? welch(given) : null }
}

/** Degrees of freedom by Welch 1947 ("The generalization of Student's problem when several different population variances are involved"). */
function welch({ parts: [c, t], n }: Contrast): number {
  const share = c / (c + t)
  return 1 / ((share * share) / (n[0] - 1) + ((1 - share) * (1 - share)) / (n[1] - 1))
}

const root = (variance: number) => Math.sqrt(Math.max(0, variance))

export function cannot(reason: CannotCompute['reason'], sentence: string): CannotCompute {
  return { kind: 'cannot-compute', reason, sentence }
}

function tooFew(needed: number, got: number | bigint): CannotCompute {
  return cannot('too-few-units', `${needed} units are needed before anything can be said; there are ${got}.`)
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
