import { contrast } from './contrast.ts'
import { normal } from './distributions/normal.ts'
import { within } from './invalid.ts'
import { obstacle } from './linear.ts'
import { cannot, type Alternative, type CannotCompute, type Measured, type Method } from './result.ts'
import type { Sums } from './sums.ts'
import { checkMethod, critical, defaultFrom, spreadOfSequence } from './yardstick.ts'

/** What an experiment on a metric would be asked to see. */
export interface Plan {
  /** History of the metric, any number of units; with a covariate, as CUPED would leave it. Or mean and variance per unit. */
  readonly baseline: Sums | { readonly mean: number; readonly variance: number }
  /** Share of the units in control and in treatment; default half and half. */
  readonly shares?: readonly [control: number, treatment: number]
  /** Default `{ kind: 'sequence' }`, tightest at the number of units looked at. */
  readonly method?: Method
  /** Default 0.05. */
  readonly alpha?: number
  /** Default 0.8. */
  readonly power?: number
  /** Default `different`. */
  readonly alternative?: Alternative
}

/** What is to be seen, > 0 or < 0: in the metric's unit, or relative to the baseline. For non-inferiority: the margin. */
export type Size = { readonly difference: number } | { readonly lift: number }

export type Planned<T> = ({ readonly kind: 'computed' } & T) | CannotCompute

/**
 * Chance of seeing an effect of this size by this many units (both variants), when it is there.
 * For a sequence: the chance of seeing it at that very look, so a lower bound on having seen it by then. Normal approximation (Cohen 1988, §2).
 */
export function power(plan: Plan, size: Size, units: number): Planned<{ power: number }> {
  const baseline = checked(plan)
  if ('reason' in baseline) return baseline
  const difference = differenceOf(size, baseline)
  if (typeof difference !== 'number') return difference
  return { kind: 'computed', power: chance(plan, baseline, difference, within('units', units, 0, Infinity)) }
}

/** Units (both variants) at which the power asked for is reached. */
export function unitsNeeded(plan: Plan, size: Size): Planned<{ units: number; control: number; treatment: number }> {
  const baseline = checked(plan)
  if ('reason' in baseline) return baseline
  const difference = differenceOf(size, baseline)
  if (typeof difference !== 'number') return difference
  const enough = (units: number) => chance(plan, baseline, difference, units) >= wanted(plan)
  let high = 4
  while (!enough(high))
    if ((high *= 2) > 1e15)
      return cannot('no-effect-asked', 'No number of units shows this effect with this method and alternative.')
  const units = least(high / 2, high, enough, 1)
  const [control, treatment] = shares(plan)
  return { kind: 'computed', units, control: Math.ceil(units * control), treatment: Math.ceil(units * treatment) }
}

/** The smallest effect, towards the alternative (else upwards), that this many units (both variants) show with the power asked for. */
export function minimalEffect(plan: Plan, units: number): Planned<{ difference: number; lift: number | null }> {
  const baseline = checked(plan)
  if ('reason' in baseline) return baseline
  within('units', units, 0, Infinity)
  const sign = plan.alternative === 'lower' ? -1 : 1
  const enough = (size: number) => chance(plan, baseline, sign * size, units) >= wanted(plan)
  const most = utmost(baseline, sign)
  let high = Math.sqrt(baseline.variance / units)
  while (high < most && !enough(high)) high *= 2
  if (high >= most && !enough(most))
    return cannot('too-few-units', `${units} units cannot show even the greatest effect there could be.`)
  const difference = sign * least(0, Math.min(high, most), enough, Math.min(high, most) * 1e-12)
  return { kind: 'computed', difference, lift: baseline.mean === 0 ? null : difference / Math.abs(baseline.mean) }
}

interface Baseline {
  readonly mean: number
  /** Of one unit. */
  readonly variance: number
  /** A proportion's variance follows its mean, and its mean has ends. */
  readonly isProportion: boolean
}

function checked(plan: Plan): Baseline | CannotCompute {
  within('alpha', plan.alpha ?? 0.05, 0, 0.5)
  within('power', wanted(plan), 0, 1)
  within('share', shares(plan)[0], 0, 1)
  if (plan.method !== undefined) checkMethod(plan.method)
  const { baseline } = plan
  if ('kind' in baseline && obstacle(baseline) !== undefined)
    return cannot('too-few-units', 'The history holds too few units to know the spread of this metric.')
  const known = 'kind' in baseline ? fromSums(baseline) : { ...baseline, isProportion: false }
  if (!(known.variance > 0))
    return cannot('no-variance', 'In the history all units have the same value: nothing says how it spreads.')
  return known
}

function fromSums(sums: Sums): Baseline {
  const { base, parts, n } = contrast(sums, sums, true)
  return { mean: base, variance: parts[0] * n[0], isProportion: sums.kind === 'proportion' }
}

function differenceOf(size: Size, { mean, isProportion }: Baseline): number | CannotCompute {
  const difference = 'lift' in size ? size.lift * Math.abs(mean) : size.difference
  if (difference === 0 || Number.isNaN(difference))
    return cannot('no-effect-asked', 'An effect of zero cannot be seen: say how small an effect still matters.')
  if (isProportion && !(mean + difference >= 0 && mean + difference <= 1))
    return cannot('no-effect-asked', `A proportion of ${mean} cannot change by ${difference}: it would leave 0…1.`)
  return difference
}

function chance(plan: Plan, baseline: Baseline, difference: number, units: number): number {
  const { alpha = 0.05, alternative = 'different', method = { kind: 'sequence' } } = plan
  const [control, treatment] = shares(plan)
  if (method.kind !== 'fixed' && units * Math.min(control, treatment) < (method.from ?? defaultFrom)) return 0
  const p = baseline.mean + difference
  const ofTreatment = baseline.isProportion ? p * (1 - p) : baseline.variance
  const variance = (baseline.variance / control + ofTreatment / treatment) / units
  const z = (alternative === 'lower' ? -difference : difference) / Math.sqrt(variance)
  const c = critical({ measured: measuredAt(method, units, variance, alpha, alternative), alpha, alternative })
  return alternative === 'different' ? normal.upper(c - z) + normal.upper(c + z) : normal.upper(c - z)
}

function measuredAt(
  method: Method,
  units: number,
  variance: number,
  alpha: number,
  alternative: Alternative,
): Measured {
  if (method.kind === 'fixed') return { kind: 'fixed', test: 'z' }
  if (method.kind === 'mixture') return { kind: 'mixture', spread: (method.plausible * method.plausible) / variance }
  return { kind: 'sequence', spread: spreadOfSequence(units, method.tightestAt ?? units, alpha, alternative) }
}

const wanted = (plan: Plan) => plan.power ?? 0.8

function shares({ shares: [control, treatment] = [1, 1] }: Plan): [number, number] {
  return [control / (control + treatment), treatment / (control + treatment)]
}

function utmost({ mean, isProportion }: Baseline, sign: 1 | -1): number {
  return !isProportion ? Infinity : sign === 1 ? 1 - mean : mean
}

/** The least number in (low, high] that is enough, to a step. */
function least(low: number, high: number, enough: (x: number) => boolean, step: number): number {
  while (high - low > step) {
    const middle = step === 1 ? Math.floor((low + high) / 2) : (low + high) / 2
    if (enough(middle)) high = middle
    else low = middle
  }
  return high
}
