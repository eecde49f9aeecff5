import { events } from '@headwater/contract'
import { z } from 'zod'
import { notInScale } from './amount.ts'
import { type Decision, decide } from './decide.ts'
import type { Duration } from './duration.ts'
import { type Experiment, experiment } from './experiment.ts'
import { count, type Metric, share, sum } from './metric.ts'
import { sumsSql } from './metric-sql.ts'
import { timeAt } from './moment.ts'
import { observedMetric } from './observe.ts'
import { engine, type Observed } from './observed.ts'
import { ExperimentRefused } from './refused.ts'
import { conclude, type Results } from './results.ts'
import type { Query } from './sql.ts'

export interface Alone {
  readonly name: string
  /** SELECT of (unit, variant, time): every exposure, in any order; the first of a unit counts. */
  readonly exposures: string
  /** SELECT of (unit, time) and, for `sum`, value: integers, or decimals with `scale`. */
  readonly outcomes: string
  /** Percent of each variant; the first is control. */
  readonly variants: { readonly [variant: string]: number }
  readonly metric: 'count' | 'sum' | 'share'
  readonly within: Duration
  readonly scale?: number
  readonly alpha?: number
  /** Default `always-valid`. `fixed` says that this is the one look. */
  readonly method?: 'always-valid' | 'fixed'
  /** Minimum run before a decision; default the window. */
  readonly after?: Duration
}

export interface AloneResult {
  /** As it would have been declared: with `results.observed` all that a third party needs. */
  readonly experiment: Experiment<any>
  readonly results: Results
  readonly decision: Decision
  /** What cannot be known without the requests themselves. */
  readonly ledger: string
}

const outside = events('outside', { Outcome: { data: z.object({ unit: z.string(), value: z.int() }) } })

/**
 * The full result for exposures that another tool recorded, from two SELECTs in whatever DuckDB reads (Parquet, CSV, a database).
 * "After" is by time alone. Throws HW_VARIANT_UNKNOWN, HW_NOT_IN_SCALE, and what the query throws.
 */
export async function analyseAlone(said: Alone, { query }: { readonly query: Query }): Promise<AloneResult> {
  const of = declared(said)
  const names = Object.keys(said.variants)
  const exposures = `select unit, variant, time, 'exposures' as service, 0 as position, '' as causation_id from (
    select cast(unit as varchar) as unit, arg_min(cast(variant as varchar), time) as variant, epoch_us(min(cast(time as timestamp))) as time from (${said.exposures}) group by unit)`
  const value = said.metric === 'sum' ? `cast(value as varchar)` : `'1'`
  const outcomes = `select cast(unit as varchar) as unit, ${value} as text, epoch_us(cast(time as timestamp)) as time, 'outcomes' as service, 0 as position, '' as causation_id from (${said.outcomes})`
  const scaled = scaledSql(said.scale ?? 0)
  const time = await lastTime(query, exposures, outcomes)
  const counts = await exposedUnits(query, exposures, names)
  const rows = await query(
    sumsSql(of.primary!, {
      exposures,
      time,
      outcomes: () =>
        `select *, ${scaled} as value, case when text is not null and ${scaled} is null then text end as unfit from (${outcomes})`,
    }),
  )
  const unfit = rows.find(({ example }) => example !== null)
  if (unfit !== undefined) throw notInScale(unfit.example, said.scale ?? 0)
  const observed: Observed = {
    experiment: said.name,
    seal: of.seal,
    engine,
    at: { positions: {}, time: timeAt(time) },
    variants: counts,
    carriedOver: 0,
    metrics: [observedMetric(of.primary!, rows, names)],
  }
  const results = conclude(of, observed)
  const ledger = 'No loss ledger: exposures recorded elsewhere cannot be held against the requests that caused them.'
  return { experiment: of, results, decision: decide(of, results), ledger }
}

function declared({
  name,
  variants,
  metric,
  within,
  scale,
  alpha,
  method = 'always-valid',
  after = within,
}: Alone): Experiment<any> {
  const primary: Metric<any> =
    metric === 'sum'
      ? sum(outside.Outcome, 'value', { within, ...(scale === undefined ? {} : { scale }) })
      : metric === 'count'
        ? count(outside.Outcome, { within })
        : share(outside.Outcome, { within })
  return experiment(name, {
    hypothesis: `What ${name} did, by exposures recorded elsewhere.`,
    unit: 'unit',
    variants,
    primary,
    // Nobody else will ask: one look is due at once, looking all the time never is.
    decide: {
      after,
      method,
      by: method === 'fixed' ? '1970-01-01' : '9999-12-31',
      ...(alpha === undefined ? {} : { alpha }),
    },
  })
}

function scaledSql(scale: number): string {
  const exact = 'try_cast(text as decimal(38, 18))'
  const cut = `cast(${exact} as decimal(38, ${scale}))`
  return `(case when ${exact} = ${cut} then try_cast(replace(cast(${cut} as varchar), '.', '') as bigint) end)`
}

async function lastTime(query: Query, exposures: string, outcomes: string): Promise<number> {
  const rows = await query(
    `select cast(max(time) as varchar) as time from (select time from (${exposures}) union all select time from (${outcomes}))`,
  )
  return Number(rows[0]?.time ?? 0)
}

async function exposedUnits(query: Query, exposures: string, names: readonly string[]): Promise<Observed['variants']> {
  const rows = await query(
    `select variant, cast(count(*) as varchar) as units, cast(min(time) as varchar) as first, cast(max(time) as varchar) as last from (${exposures}) group by variant`,
  )
  const stranger = rows.find((row) => !names.includes(String(row.variant)))
  if (stranger !== undefined) {
    throw new ExperimentRefused(
      'HW_VARIANT_UNKNOWN',
      `Expected exposures to one of ${names.join(', ')}, got "${String(stranger.variant)}". Name every variant with its weight.`,
    )
  }
  const held = new Map(rows.map((row) => [String(row.variant), row]))
  return Object.fromEntries(
    names.map((name) => {
      const row = held.get(name)
      if (row === undefined) return [name, { exposed: 0, seen: 0 }]
      return [
        name,
        { exposed: Number(row.units), seen: 0, from: timeAt(Number(row.first)), to: timeAt(Number(row.last)) },
      ]
    }),
  )
}
