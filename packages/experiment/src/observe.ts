import { type Sums, type SumsJson, sumsToJson } from '@headwater/stats'
import type { Allocation } from './allocation.ts'
import { type Adoption, type Era, eraOf, requireAdopted } from './era.ts'
import { type Experiment, metricsOf } from './experiment.ts'
import type { Metric } from './metric.ts'
import { type Asked, sumsSql } from './metric-sql.ts'
import { microsAt, timeAt } from './moment.ts'
import { engine, type LookAt, type Observed, type ObservedMetric, type ObservedVariant } from './observed.ts'
import { ExperimentRefused } from './refused.ts'
import { shapeOf } from './shape.ts'
import { exposuresSql, field, outcomesSql, type Query, text, within } from './sql.ts'

/**
 * Sums of an experiment by SQL over all events of the lake.
 * Throws HW_POSITION_NOT_REACHED when `at` lies beyond what the lake holds, HW_OTHER_SEAL while only another version of it runs, and what the query throws.
 */
export async function observe(
  experiment: Experiment<any>,
  { query, at = {} }: { readonly query: Query; readonly at?: LookAt },
): Promise<Observed> {
  const positions = await vector(query, at)
  const asOf = at.time === undefined ? await leastClock(query, positions) : microsAt(at.time)
  const adopted = await adoptions(query, experiment.name, within(positions, asOf))
  requireAdopted(experiment, adopted)
  const era = eraOf(experiment, adopted)
  const time = Math.min(asOf, era?.until ?? asOf)
  const seen = within(positions, time)
  const names = Object.keys(experiment.variants)
  const exposures = `select * from (${exposuresSql(experiment.name, seen)}) where version >= ${era?.firstVersion}`
  const outcomes: Asked['outcomes'] = (events, measure) => outcomesSql(events, experiment.unit, seen, measure)
  const { variants, carriedOver } =
    era === undefined ? nobody(names) : await exposedUnits(query, experiment.name, era.firstVersion, seen, names)
  const metrics: ObservedMetric[] = []
  for (const metric of metricsOf(experiment)) {
    const rows = era === undefined ? [] : await query(sumsSql(metric, { exposures, outcomes, time }))
    metrics.push(observedMetric(metric, rows, names))
  }
  return observation(experiment, { positions, asOf, era, variants, carriedOver, metrics })
}

/** The whole, with its fields in the order that makes equal observations equal bytes. */
export function observation(
  experiment: Experiment<any>,
  of: Pick<Observed, 'variants' | 'carriedOver' | 'metrics'> & {
    readonly positions: Readonly<Record<string, number>>
    readonly asOf: number
    readonly era: Era | undefined
  },
): Observed {
  const { positions, asOf, era, variants, carriedOver, metrics } = of
  const { name, seal } = experiment
  const sorted = Object.fromEntries(Object.entries(positions).sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    experiment: name,
    seal,
    engine,
    at: { positions: sorted, time: timeAt(asOf) },
    ...(era && {
      era: {
        firstVersion: era.firstVersion,
        lastVersion: era.lastVersion,
        ...(era.until === undefined ? {} : { until: timeAt(era.until) }),
      },
    }),
    variants,
    carriedOver,
    metrics,
  }
}

export async function vector(query: Query, { positions }: LookAt): Promise<Record<string, number>> {
  const rows = await query('select service, cast(max(position) as varchar) as position from events group by service')
  const held = Object.fromEntries(rows.map((row) => [String(row.service), Number(row.position)]))
  for (const [service, position] of Object.entries(positions ?? {})) {
    if (position > (held[service] ?? 0)) {
      throw new ExperimentRefused(
        'HW_POSITION_NOT_REACHED',
        `Expected a position of ${service} up to ${held[service] ?? 0}, which the lake holds; got ${position}. Wait until it has landed, or look at an earlier position.`,
      )
    }
  }
  return { ...(positions ?? held) }
}

/** Earliest of the logs' last times; a log without events holds everything back. */
export async function leastClock(query: Query, positions: Readonly<Record<string, number>>): Promise<number> {
  const rows = await query(
    `select cast(epoch_us(max(recorded_at)) as varchar) as time from events where ${within(positions)} group by service`,
  )
  const times = rows.map((row) => Number(row.time))
  return times.length < Object.keys(positions).length ? 0 : times.reduce((a, b) => Math.min(a, b), times[0] ?? 0)
}

/** Every adoption of an experiment's allocations that a condition admits, in canonical order. */
export async function adoptions(query: Query, experiment: string, seen: string): Promise<Adoption[]> {
  const rows = await query(
    `select service, cast(position as varchar) as position, cast(epoch_us(recorded_at) as varchar) as time, data from events
     where type = 'AllocationAdopted' and ${field('experiment')} = ${text(experiment)} and ${seen} order by recorded_at, service, events.position`,
  )
  return rows.map((row) => ({
    service: String(row.service),
    position: Number(row.position),
    time: Number(row.time),
    allocation: JSON.parse(String(row.data)) as Allocation,
  }))
}

function nobody(names: readonly string[]) {
  return { variants: Object.fromEntries(names.map((name) => [name, { exposed: 0, seen: 0 }])), carriedOver: 0 }
}

async function exposedUnits(
  query: Query,
  experiment: string,
  firstVersion: number,
  seen: string,
  names: readonly string[],
) {
  const shown = `select distinct ${field('unit')} as unit from events
    where type = 'VariantSeen' and ${field('experiment')} = ${text(experiment)} and ${field('what')} = 'seen' and ${seen}`
  const rows = await query(
    `select u.variant, u.version >= ${firstVersion} as counts, cast(count(*) as varchar) as exposed, cast(count(s.unit) as varchar) as seen,
       cast(min(u.time) as varchar) as first, cast(max(u.time) as varchar) as last
     from (${exposuresSql(experiment, seen)}) u left join (${shown}) s on s.unit = u.unit group by all`,
  )
  const isCounted = (row: Readonly<Record<string, unknown>>) => row.counts === true || row.counts === 'true'
  const variants: Record<string, ObservedVariant> = nobody(names).variants
  for (const row of rows.filter((one) => isCounted(one) && names.includes(String(one.variant)))) {
    const [exposed, shownTo] = [Number(row.exposed), Number(row.seen)]
    variants[String(row.variant)] = {
      exposed,
      seen: shownTo,
      from: timeAt(Number(row.first)),
      to: timeAt(Number(row.last)),
    }
  }
  const carriedOver = rows.filter((row) => !isCounted(row)).reduce((total, row) => total + Number(row.exposed), 0)
  return { variants, carriedOver }
}

/** Rows of `sumsSql` as what was observed. */
export function observedMetric(
  metric: Metric,
  rows: readonly Readonly<Record<string, unknown>>[],
  names: readonly string[],
): ObservedMetric {
  const held = new Map(rows.map((row) => [String(row.variant), row]))
  const variants = names.map((name) => [name, observedVariant(metric, held.get(name) ?? {})])
  return { name: metric.name, variants: Object.fromEntries(variants) }
}

function observedVariant(metric: Metric, row: Readonly<Record<string, unknown>>) {
  const unfit = Number(row.unfit ?? 0)
  const counted = { maturing: Number(row.maturing ?? 0), ...(unfit === 0 ? {} : { unfit }) }
  if (metric.kind !== 'quantile') return { ...counted, sums: sumsOf(metric, row) }
  const units = String(row.units ?? '')
  const values = units === '' ? [] : units.split(',').map((pair) => pair.split(':') as [string, string])
  return { ...counted, values: values.map(([value, count]) => [value, Number(count)] as const) }
}

function sumsOf(metric: Metric, row: Readonly<Record<string, unknown>>): SumsJson {
  const sum = (name: string) => BigInt(String(row[name] ?? 0))
  const shape = shapeOf(metric)!
  const n = sum('n')
  if (shape.kind === 'proportion') return sumsToJson({ kind: 'proportion', n, successes: sum('y') })
  const covariate = shape.before === true
  if (shape.kind === 'mean') {
    const before = { sum: sum('b'), sumSquares: sum('bb'), sumProducts: sum('yb') }
    const sums: Sums = { kind: 'mean', scale: shape.scale ?? 1, n, sum: sum('y'), sumSquares: sum('yy') }
    return sumsToJson(covariate ? { ...sums, before } : sums)
  }
  const products = { YY: sum('yb'), YX: sum('ya'), XY: sum('xb'), XX: sum('xa') }
  const before = { sumY: sum('b'), sumX: sum('a'), sumYY: sum('bb'), sumXX: sum('aa'), sumXY: sum('ba'), products }
  const ratio = { sumY: sum('y'), sumX: sum('x'), sumYY: sum('yy'), sumXX: sum('xx'), sumXY: sum('yx') }
  const sums: Sums = { kind: 'ratio', scales: shape.scales ?? [1, 1], n, ...ratio }
  return sumsToJson(covariate ? { ...sums, before } : sums)
}
