import {
  type CannotCompute,
  compare,
  compareQuantiles,
  type Comparison,
  correct,
  engine as arithmetic,
  judge,
  type Method,
  type SampleRatio,
  sampleRatio,
  sumsFromJson,
  type Verdict,
} from '@headwater/stats'
import { type Experiment, metricsOf } from './experiment.ts'
import type { Metric } from './metric.ts'
import { observe } from './observe.ts'
import type { LookAt, Observed, ObservedMetric } from './observed.ts'
import { ExperimentRefused } from './refused.ts'
import { scaleOf } from './shape.ts'
import type { Query } from './sql.ts'

/** `exploratory`: asked after the seal; corrected over all such questions, and no rule reads it. */
export type Role = 'primary' | 'secondary' | 'guardrail' | 'exploratory'

/** One treatment against control on one metric. */
export interface Compared {
  readonly variant: string
  readonly comparison: Comparison | CannotCompute
  /** Primary: superior at all; guardrail: not worse by its margin. Others make no claim. */
  readonly verdict?: Verdict | CannotCompute
  /** Level of the family at which this one is rejected: secondary and exploratory, Benjamini-Hochberg over their role. */
  readonly adjusted?: number
}

export interface MetricResult {
  readonly name: string
  readonly role: Role
  readonly good: 'up' | 'down'
  /** Level at which its intervals were computed: the role's α, shared by Bonferroni over treatments (and over guardrails). */
  readonly alpha: number
  /** Units per variant whose window is still open: they are in no number here. */
  readonly maturing: { readonly [variant: string]: number }
  readonly treatments: readonly Compared[]
}

/** All that is known at a position vector: a pure function of experiment, observation and engine. */
export interface Results {
  readonly experiment: string
  readonly seal: string
  /** Version of the statistics: with `observed.engine` all that decides these bytes beside the events. */
  readonly arithmetic: string
  readonly observed: Observed
  /** Absent where there is one variant only. */
  readonly sampleRatio?: SampleRatio | CannotCompute
  readonly metrics: readonly MetricResult[]
}

/** Observes an experiment by SQL and concludes. Errors as `observe`. */
export async function analyse(
  experiment: Experiment<any>,
  options: { readonly query: Query; readonly at?: LookAt; readonly explore?: readonly Metric[] },
): Promise<Results> {
  const { explore = [], ...where } = options
  const windowed = explore.map((metric) => ({
    ...metric,
    within: metric.within ?? experiment.primary?.within ?? '28d',
  }))
  const asked = { ...experiment, secondary: [...experiment.secondary, ...(windowed as Metric[])] }
  return conclude(experiment, await observe(asked, where), windowed as Metric[])
}

/** What an observation means. Looked at any time, however often, unless the rule's method is `fixed`. */
export function conclude(experiment: Experiment<any>, observed: Observed, explore: readonly Metric[] = []): Results {
  const metrics = [...metricsOf(experiment), ...explore].map((metric) => {
    const seen = observed.metrics.find(({ name }) => name === metric.name)
    if (seen === undefined) throw notObserved(experiment, metric)
    return metricResult(experiment, metric, roleOf(experiment, metric), seen)
  })
  return {
    experiment: experiment.name,
    seal: experiment.seal,
    arithmetic,
    observed,
    ...ratioOfUnits(experiment, observed),
    metrics: corrected(corrected(metrics, 'secondary', alphaOf(experiment)), 'exploratory', alphaOf(experiment)),
  }
}

export const alphaOf = ({ decide }: Experiment<any>): number => decide?.alpha ?? 0.05

function roleOf({ primary, secondary, guardrails }: Experiment<any>, { name }: Metric): Role {
  if (primary?.name === name) return 'primary'
  if (guardrails.some((one) => one.name === name)) return 'guardrail'
  return secondary.some((one) => one.name === name) ? 'secondary' : 'exploratory'
}

/** Units by first exposure, against the weights; a sequence, since it is looked at all the time. */
function ratioOfUnits(experiment: Experiment<any>, observed: Observed): Pick<Results, 'sampleRatio'> {
  const shares = Object.entries(experiment.variants as Record<string, number>)
    .filter(([, weight]) => weight > 0)
    .map(([variant, weight]) => ({ units: observed.variants[variant]?.exposed ?? 0, weight }))
  return shares.length < 2 ? {} : { sampleRatio: sampleRatio(shares) }
}

function metricResult(experiment: Experiment<any>, metric: Metric, role: Role, seen: ObservedMetric): MetricResult {
  const treatments = Object.keys(experiment.variants).filter((variant) => variant !== experiment.control)
  const family = treatments.length * (role === 'guardrail' ? experiment.guardrails.length : 1)
  const alpha = alphaOf(experiment) / family
  const compared = treatments.map((variant): Compared => {
    const comparison = compareVariants(experiment, metric, seen, variant, alpha)
    const verdict = comparison.kind === 'computed' ? claim(metric, role, comparison) : comparison
    return { variant, comparison, ...(verdict === undefined ? {} : { verdict }) }
  })
  const maturing = Object.entries(seen.variants).map(([variant, of]) => [variant, of.maturing] as const)
  return {
    name: metric.name,
    role,
    good: metric.good,
    alpha,
    maturing: Object.fromEntries(maturing),
    treatments: compared,
  }
}

function compareVariants(
  experiment: Experiment<any>,
  metric: Metric,
  { variants }: ObservedMetric,
  variant: string,
  alpha: number,
): Comparison | CannotCompute {
  const [control, treatment] = [variants[experiment.control]!, variants[variant]!]
  const unfit = (control.unfit ?? 0) + (treatment.unfit ?? 0)
  if (unfit > 0) return notInScale(metric, unfit)
  const options = { method: methodOf(experiment), alpha }
  if (metric.q !== undefined) {
    const of = { quantile: metric.q, scale: scaleOf(metric.measure) }
    return compareQuantiles(of, eachUnit(control), eachUnit(treatment), options)
  }
  return compare(sumsFromJson(control.sums), sumsFromJson(treatment.sums), options)
}

/** Without them the sums would be of other units than were exposed: nothing is concluded, on this metric alone. */
function notInScale({ name, measure }: Metric, units: number): CannotCompute {
  const decimals = Math.round(Math.log10(scaleOf(measure)))
  const sentence = `Units with an amount of more than ${decimals} decimals, or beyond 2^53, on "${name}": ${units}. Its sums would leave them out: declare it with a finer scale.`
  return { kind: 'cannot-compute', reason: 'not-in-scale', sentence }
}

/** The value of every unit, from how many units have each. */
function eachUnit({ values = [] }: ObservedMetric['variants'][string]): Float64Array {
  const all = new Float64Array(values.reduce((total, [, units]) => total + units, 0))
  let next = 0
  for (const [value, units] of values) all.fill(Number(value), next, (next += units))
  return all
}

export function methodOf({ decide }: Experiment<any>): Method {
  if (decide?.method === 'fixed') return { kind: 'fixed' }
  return { kind: 'sequence', tightestAt: decide?.tightestAt ?? 5000, from: sequenceFrom }
}

/** Units in each variant before which a sequence says nothing: it is asymptotic, and money is heavy-tailed (`npm run guarantees -- decisions` measures it). */
const sequenceFrom = 250

function claim(metric: Metric, role: Role, comparison: Comparison): Verdict | CannotCompute | undefined {
  const better = metric.good === 'up' ? 'higher' : 'lower'
  if (role === 'primary') return judge(comparison, { claim: 'superior', better })
  const margin = metric.mayRise ?? metric.mayFall
  if (role !== 'guardrail' || margin === undefined) return undefined
  const direction = metric.mayRise === undefined ? 'higher' : 'lower'
  const on = margin.of === 'relative' ? 'lift' : 'difference'
  return judge(comparison, { claim: 'not-inferior', better: direction, margin: margin.amount, on })
}

function corrected(metrics: readonly MetricResult[], role: Role, alpha: number): MetricResult[] {
  const family = metrics.filter((metric) => metric.role === role).flatMap(({ treatments }) => treatments)
  const ps = family.flatMap(({ comparison }) => (comparison.kind === 'computed' ? [comparison.difference.p] : []))
  const adjusted = correct(ps, 'benjamini-hochberg', alpha).map((one) => one.adjusted)
  let next = 0
  const withLevel = (one: Compared): Compared =>
    one.comparison.kind === 'computed' ? { ...one, adjusted: adjusted[next++]! } : one
  return metrics.map((metric) =>
    metric.role === role ? { ...metric, treatments: metric.treatments.map(withLevel) } : metric,
  )
}

function notObserved({ name }: Experiment<any>, metric: Metric): ExperimentRefused {
  return new ExperimentRefused(
    'HW_NOT_OBSERVED',
    `Expected an observation of "${metric.name}" of experiment ${name}, got one without it. Observe with the same declaration.`,
  )
}
