import { type CannotCompute, forecast, type Forecast, minimalEffect, type Plan, sumsFromJson } from '@headwater/stats'
import { microsOf } from './duration.ts'
import type { Experiment } from './experiment.ts'
import { eventsIn, type Metric } from './metric.ts'
import { sumsSql } from './metric-sql.ts'
import { microsAt, timeAt } from './moment.ts'
import { leastClock, observedMetric, vector } from './observe.ts'
import type { LookAt } from './observed.ts'
import { ExperimentRefused } from './refused.ts'
import { alphaOf, methodOf } from './results.ts'
import { namedSql, outcomesSql, type Query, within } from './sql.ts'

export interface Outlook {
  /** The stretch of real history that was taken for the time to come. */
  readonly history: { readonly from: string; readonly to: string; readonly units: number }
  /** Units that would be exposed for the first time on its days 1, 2, 3…, control and one treatment together. */
  readonly perDay: readonly number[]
  /** Days until the effect that the primary metric expects is seen with 80 % power; absent when it names none. */
  readonly expected?: (Forecast & { readonly kind: 'computed' }) | CannotCompute
  /** The smallest relative effect seen by a day with 80 % power. */
  readonly visible: readonly { readonly day: number; readonly lift: number | null }[]
  /** For people: in how many days it can see the effect it states, or that it cannot with this traffic. */
  readonly sentence: string
}

const dayMicros = 86_400_000_000
const historyDays = 28

/**
 * What an experiment will be able to see, from history as it was: as if it had started four weeks and a window ago, every unit exposed by its first event of
 * the primary metric; where that is a share, by its first event of that service. Throws HW_NO_HISTORY when nobody came.
 */
export async function outlook(
  experiment: Experiment<any>,
  { query, at = {} }: { readonly query: Query; readonly at?: LookAt },
): Promise<Outlook> {
  const primary = plainPrimary(experiment)
  const positions = await vector(query, at)
  const to = at.time === undefined ? await leastClock(query, positions) : microsAt(at.time)
  const from = to - historyDays * dayMicros - microsOf(primary.within!)
  const seen = within(positions, to)
  const events = eventsIn(primary)[0]!
  // Who has the event is no share of those who have it: of a share, everybody comes whom its service names.
  const coming =
    primary.kind === 'share'
      ? namedSql(events.service, experiment.unit, seen)
      : outcomesSql(events, experiment.unit, seen)
  const arriving = `select distinct on (unit) unit, 'all' as variant, service, position, time, causation_id
    from (${coming}) where time >= ${from} and unit is not null order by unit, time, position`
  const days = await query(
    `select cast((time - ${from}) // ${dayMicros} as varchar) as day, cast(count(*) as varchar) as units from (${arriving}) group by all`,
  )
  const rows = await query(
    sumsSql(primary, {
      exposures: arriving,
      outcomes: (events, measure) => outcomesSql(events, experiment.unit, seen, measure),
      time: to,
    }),
  )
  const sums = observedMetric(primary, rows, ['all']).variants.all!.sums!
  const perDay = arrivals(experiment, days)
  const units = days.reduce((total, row) => total + Number(row.units), 0)
  if (units === 0) throw noHistory(experiment, primary)
  const plan = planOf(experiment, sumsFromJson(sums))
  const seenBy = seenWhen(primary, plan, perDay)
  return {
    history: { from: timeAt(from), to: timeAt(to), units },
    perDay,
    ...seenBy,
    sentence: sentenceOf(primary, seenBy),
  }
}

function sentenceOf({ expect }: Metric, { expected, visible }: Pick<Outlook, 'expected' | 'visible'>): string {
  const { day, lift } = visible.at(-1)!
  const least =
    lift === null ? `nothing can be said by day ${day}` : `by day ${day} it sees a lift of ${percent(lift)} or more`
  if (expect === undefined || expected === undefined)
    return `It states no effect that it expects (\`expect: '10%'\` on its primary metric): ${least}.`
  if (expected.kind === 'cannot-compute')
    return expected.reason === 'not-with-this-traffic'
      ? `Not with your traffic: ${expected.sentence.replace(/^Not with this traffic: /, '')}`
      : `It cannot be foreseen: ${expected.sentence}`
  const effect = expect.of === 'relative' ? `a lift of ${percent(expect.amount)}` : `a difference of ${expect.amount}`
  return `In ${expected.days} days it can see ${effect}, if it is there (4 times of 5; ${expected.units} units count by then).`
}

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`

/** A quantile's sums do not plan; its mean is looked at instead nowhere, so it is refused. */
function plainPrimary({ name, primary }: Experiment<any>): Metric {
  if (primary !== undefined && primary.kind !== 'quantile') return primary
  throw noForecast(name, 'a primary metric of sums', primary?.kind ?? 'none', 'Forecast a mean or a share instead.')
}

const noForecast = (name: string, expected: string, got: string, fix: string) =>
  new ExperimentRefused('HW_NO_FORECAST', `Expected experiment ${name} to have ${expected}, got ${got}. ${fix}`)

function noHistory({ name }: Experiment<any>, primary: Metric): ExperimentRefused {
  return new ExperimentRefused(
    'HW_NO_HISTORY',
    `Expected events of "${primary.name}" in the last weeks to forecast experiment ${name}, got none. Start it without, or wait for traffic.`,
  )
}

/** Of the units of each day: those covered, in control or the first treatment. */
function arrivals(experiment: Experiment<any>, rows: readonly Readonly<Record<string, unknown>>[]): number[] {
  const [control, treatment] = weights(experiment)
  const share = ((experiment.coverage ?? 100) / 100) * ((control + treatment) / 100)
  const days = new Map(rows.map((row) => [Number(row.day), Number(row.units)]))
  return Array.from({ length: historyDays }, (_, day) => (days.get(day) ?? 0) * share)
}

/** Of control, and of the treatment that fewest get. */
function weights({ name, variants, control }: Experiment<any>): readonly [number, number] {
  const all = variants as Readonly<Record<string, number>>
  const treatments = Object.entries(all).flatMap(([variant, weight]) =>
    variant === control || weight === 0 ? [] : [weight],
  )
  if (all[control] === 0 || treatments.length === 0)
    throw noForecast(name, 'a control and a treatment that somebody gets', JSON.stringify(all), 'Give both a weight.')
  return [all[control]!, Math.min(...treatments)]
}

function planOf(experiment: Experiment<any>, baseline: ReturnType<typeof sumsFromJson>): Plan {
  const [control, treatment] = weights(experiment)
  const total = control + treatment
  const method = methodOf(experiment)
  return {
    baseline,
    shares: [control / total, treatment / total],
    method,
    alpha: alphaOf(experiment) / (Object.keys(experiment.variants).length - 1),
  }
}

function seenWhen(primary: Metric, plan: Plan, perDay: readonly number[]): Pick<Outlook, 'expected' | 'visible'> {
  const windowDays = Math.ceil(microsOf(primary.within!) / dayMicros)
  const { expect } = primary
  const sign = primary.good === 'up' ? 1 : -1
  const size =
    expect && (expect.of === 'relative' ? { lift: sign * expect.amount } : { difference: sign * expect.amount })
  const mean = perDay.reduce((sum, units) => sum + units, 0) / perDay.length
  const unitsBy = (day: number) =>
    Array.from({ length: day }, (_, i) => perDay[i] ?? mean).reduce((sum, units) => sum + units, 0)
  const visible = [14, 28, 56, 84].map((day) => {
    const least = minimalEffect(plan, Math.max(2, Math.floor(unitsBy(day))))
    return { day: day + windowDays, lift: least.kind === 'computed' ? least.lift : null }
  })
  if (size === undefined) return { visible }
  return { expected: forecast(plan, size, { perDay, windowDays }), visible }
}
