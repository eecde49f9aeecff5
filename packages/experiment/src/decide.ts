import { microsOf } from './duration.ts'
import type { Experiment } from './experiment.ts'
import { microsAt } from './moment.ts'
import type { Compared, MetricResult, Results } from './results.ts'

/** What the sealed rule says. It acts on the allocation only, and can be taken back. */
export type Decision =
  | { readonly kind: 'keep'; readonly variant: string; readonly because: string }
  | { readonly kind: 'kill'; readonly because: string }
  | { readonly kind: 'wait'; readonly because: string }
  /** A person is asked. `hold`: meanwhile everybody gets control, since what is measured cannot be trusted. */
  | { readonly kind: 'ask'; readonly hold: boolean; readonly because: string }

/**
 * Decides by the rule sealed with the experiment: keep the best treatment that is better and breaks no guardrail, once the minimum has run; kill when no
 * treatment is left that is neither proven worse nor proven to break a guardrail, at once; ask when its day has come, or when units got lost.
 * Pure: its clock is the time that was observed.
 */
export function decide(experiment: Experiment<any>, results: Results): Decision {
  const now = microsAt(results.observed.at.time)
  if (experiment.decide === undefined) return byPeople(experiment, now)
  const { sampleRatio, metrics } = results
  if (sampleRatio?.kind === 'computed' && sampleRatio.mismatch) {
    const because = `units fell ${Object.entries(results.observed.variants)
      .map(([name, { exposed }]) => `${name} ${exposed}`)
      .join(
        ', ',
      )}, which the weights do not explain (p ${sampleRatio.p.toPrecision(2)}): something loses or doubles units`
    return { kind: 'ask', hold: true, because }
  }
  const overdue = now >= microsAt(`${experiment.decide.by}T00:00:00Z`)
  if (experiment.decide.method === 'fixed' && !overdue)
    return { kind: 'wait', because: `it is decided once, on ${experiment.decide.by}` }
  const candidates = judged(experiment, metrics)
  const alive = candidates.filter(({ harm }) => harm === undefined)
  if (alive.length === 0 && candidates.length > 0)
    return { kind: 'kill', because: candidates.map(({ variant, harm }) => `${variant} ${harm}`).join('; ') }
  const best = bestOf(alive.filter(({ better, safe }) => better && safe))
  const hasRun = now >= startOf(results) + microsOf(experiment.decide.after)
  if (best !== undefined && hasRun) {
    return {
      kind: 'keep',
      variant: best.variant,
      because: `${best.variant} is better on "${experiment.primary!.name}" and within every guardrail`,
    }
  }
  const unfit = outOfScale(metrics)
  if (overdue)
    return {
      kind: 'ask',
      hold: false,
      because: `${experiment.decide.by} has come and ${unfit ?? 'the evidence decides neither way'}`,
    }
  return { kind: 'wait', because: unfit ?? waiting(alive, hasRun, experiment.decide.after) }
}

function byPeople({ lookAt, lookOn }: Experiment<any>, now: number): Decision {
  const due = now >= microsAt(`${lookOn}T00:00:00Z`)
  return due
    ? { kind: 'ask', hold: false, because: `the day to look has come (${lookOn}): ${lookAt}` }
    : { kind: 'wait', because: `people look on ${lookOn}` }
}

interface Candidate {
  readonly variant: string
  readonly harm: string | undefined
  readonly better: boolean
  readonly safe: boolean
  readonly effect: number
}

function judged(experiment: Experiment<any>, metrics: readonly MetricResult[]): Candidate[] {
  const primary = metrics.find(({ role }) => role === 'primary')!
  const guardrails = metrics.filter(({ role }) => role === 'guardrail')
  // Nobody gets a variant without weight: it can neither harm nor be waited for.
  const shown = primary.treatments.filter(({ variant }) => experiment.variants[variant]! > 0)
  return shown.map(({ variant, comparison, verdict }) => {
    const guards = guardrails.map((metric) => ({ metric, verdict: holds(metric, variant) }))
    const broken = guards.find((one) => one.verdict === 'no')
    const towards = primary.good === 'up' ? 1 : -1
    return {
      variant,
      harm:
        broken !== undefined
          ? `breaks the guardrail "${broken.metric.name}"`
          : saysNo(verdict)
            ? `is worse on "${primary.name}"`
            : undefined,
      better: verdict?.kind === 'computed' && verdict.holds === 'yes',
      safe: guards.every((one) => one.verdict === 'yes'),
      effect: comparison.kind === 'computed' ? towards * comparison.difference.estimate : 0,
    }
  })
}

const saysNo = (verdict: Compared['verdict']) => verdict?.kind === 'computed' && verdict.holds === 'no'

function holds(metric: MetricResult, variant: string): 'yes' | 'no' | 'open' {
  const verdict = metric.treatments.find((one) => one.variant === variant)?.verdict
  return verdict?.kind === 'computed' ? verdict.holds : 'open'
}

function bestOf(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>(
    (best, one) => (best === undefined || one.effect > best.effect ? one : best),
    undefined,
  )
}

/** When the first unit was exposed; an experiment without units has not begun. */
function startOf({ observed }: Results): number {
  const times = Object.values(observed.variants).flatMap(({ from }) => (from === undefined ? [] : [microsAt(from)]))
  return times.reduce((a, b) => Math.min(a, b), Infinity)
}

/** Why nothing will ever be concluded on a metric that the rule reads, as it is declared. */
function outOfScale(metrics: readonly MetricResult[]): string | undefined {
  const read = metrics.filter(({ role }) => role === 'primary' || role === 'guardrail')
  const comparisons = read.flatMap(({ treatments }) => treatments.map(({ comparison }) => comparison))
  const found = comparisons.find((one) => one.kind === 'cannot-compute' && one.reason === 'not-in-scale')
  return found?.kind === 'cannot-compute' ? found.sentence.replace(/\.$/, '') : undefined
}

function waiting(alive: readonly Candidate[], hasRun: boolean, after: string): string {
  if (!hasRun) return `it has not run ${after} yet`
  if (alive.some(({ better }) => better)) return 'a treatment is better, but a guardrail is still open'
  return 'the evidence decides neither way yet'
}
