import { type Experiment, metricsOf } from './experiment.ts'
import { type Events, eventsIn, type Measure } from './metric.ts'

/** Rows of a SELECT, values as text or null; DuckDB SQL over a table `events` with the lake's columns. */
export type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** A text as a literal of SQL. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** A top field of the payload, as text. */
export function field(name: string): string {
  return `json_extract_string(data, ${text(`$."${name.replaceAll('"', '\\"')}"`)})`
}

/** Rows of one page: an answer of a lake is bounded, and one cut short is none. */
export const pageSize = 5_000

/** All rows of a SELECT of (service, position, …), each place once, in order of place; however many, a page at a time. */
export async function everyRow(query: Query, select: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const all: Readonly<Record<string, unknown>>[] = []
  for (let after = 'true'; ;) {
    const page = await query(
      `select * from (${select}) p where ${after} order by p.service, p.position limit ${pageSize}`,
    )
    for (const row of page) all.push(row)
    if (page.length < pageSize) return all
    const [service, position] = [text(String(page.at(-1)!.service)), Number(page.at(-1)!.position)]
    after = `(p.service > ${service} or (p.service = ${service} and p.position > ${position}))`
  }
}

/** Events within a position vector and before a time. */
export function within(positions: Readonly<Record<string, number>>, time?: number): string {
  const logs = Object.entries(positions).map(
    ([service, position]) => `service = ${text(service)} and position <= ${Math.floor(position)}`,
  )
  const vector = logs.length === 0 ? 'false' : `(${logs.map((log) => `(${log})`).join(' or ')})`
  return time === undefined ? vector : `${vector} and recorded_at < make_timestamp(${time})`
}

const columns = 'service, position, epoch_us(recorded_at) as time, causation_id'

/** First exposure of each unit: (unit, variant, version, service, position, time, causation_id). */
export function exposuresSql(experiment: string, seen: string): string {
  return `select distinct on (unit) * from (
    select ${field('unit')} as unit, ${field('variant')} as variant, cast(${field('allocation')} as bigint) as version, ${columns}
    from events where type = 'ExperimentExposed' and ${field('experiment')} = ${text(experiment)} and ${seen}
  ) order by unit, time, service, position`
}

/** Outcomes of some measure: (unit, value, unfit, service, position, time, causation_id). */
export function outcomesSql(events: Events, unit: string, seen: string, measure?: Measure): string {
  const amount = measure?.of === 'sum' ? amountSql(field(measure.field), measure.scale) : '1'
  const unfit =
    measure?.of === 'sum'
      ? `case when ${field(measure.field)} is not null and ${amount} is null then ${field(measure.field)} end`
      : 'null'
  const own = `select ${field(unit)} as unit, ${amount} as value, ${unfit} as unfit, stream, ${columns}
    from events where ${eventsSql(events)} and ${seen}`
  if (events.unitFrom === 'request') return requestsSql(events, seen)
  if (events.unitFrom !== 'stream') return own
  const names = `select service, stream, position, ${field(unit)} as unit from events
    where service = ${text(events.service)} and ${field(unit)} is not null and ${seen}
    ${events.unitBy === undefined ? '' : `and type = ${text(events.unitBy)}`}`
  return `select n.unit, o.value, o.unfit, o.stream, o.service, o.position, o.time, o.causation_id
    from (${own}) o asof join (${names}) n on o.service = n.service and o.stream = n.stream and o.position >= n.position`
}

/** Every event of a service that names a unit: (unit, service, position, time, causation_id). */
export function namedSql(service: string, unit: string, seen: string): string {
  return `select ${field(unit)} as unit, ${columns} from events where service = ${text(service)} and ${field(unit)} is not null and ${seen}`
}

/** Requests of whoever was exposed in the same append. */
function requestsSql(events: Events, seen: string): string {
  const exposed = `select service, causation_id, epoch_us(recorded_at) as time, ${field('unit')} as unit from events
    where type = 'ExperimentExposed' and ${field('experiment')} = ${text(events.experiment!)} and ${seen}`
  return `select distinct x.unit, 1 as value, null as unfit, o.stream, o.service, o.position, o.time, o.causation_id
    from (select stream, ${columns} from events where ${eventsSql(events)} and ${seen}) o
    join (${exposed}) x on x.service = o.service and x.causation_id = o.causation_id and x.time = o.time`
}

function eventsSql({ service, type, where = {}, refused }: Events): string {
  const matches = Object.entries(where).map(([name, wanted]) =>
    typeof wanted === 'number'
      ? `try_cast(${field(name)} as double) = ${wanted}`
      : `${field(name)} = ${text(String(wanted))}`,
  )
  const only = refused === true ? [`${field('refused')} is not null`] : []
  return [`service = ${text(service)}`, `type = ${text(type)}`, ...matches, ...only].join(' and ')
}

/** An amount as an integer of 10^−scale; null where it has more decimals or is beyond 2^53 − 1. Plain integers take the short way. */
function amountSql(value: string, scale: number): string {
  const exact = `try_cast(${value} as decimal(38, 18))`
  const digits = `try_cast(replace(cast(cast(${exact} as decimal(38, ${scale})) as varchar), '.', '') as bigint)`
  const general = `case when ${exact} = cast(${exact} as decimal(38, ${scale})) then ${digits} end`
  const short = `try_cast(${value} as bigint)`
  const amount =
    scale > 0 ? general : `case when cast(${short} as varchar) = ${value} then ${short} else ${general} end`
  return `(case when ${amount} between ${-Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER} then ${amount} end)`
}

/** Of all events, those that `accumulate` makes something of: what is said about the experiment, outcomes, and what names the unit of a stream. */
export function readSql(experiment: Experiment<any>): string {
  const own = `(type in ('ExperimentExposed', 'AllocationAdopted', 'VariantSeen') and ${field('experiment')} = ${text(experiment.name)})`
  const outcomes = metricsOf(experiment)
    .flatMap(eventsIn)
    .map(({ service, type, unitFrom, unitBy }) => {
      const naming =
        unitFrom !== 'stream'
          ? 'false'
          : unitBy === undefined
            ? `${field(experiment.unit)} is not null`
            : `type = ${text(unitBy)}`
      return `(service = ${text(service)} and (type = ${text(type)} or ${naming}))`
    })
  return `(${[...new Set([own, ...outcomes])].join(' or ')})`
}
