import type { Allocation } from './allocation.ts'
import { assign, type Attributes } from './assign.ts'
import { microsOf } from './duration.ts'
import type { Adoption } from './era.ts'
import type { Experiment } from './experiment.ts'
import { timeAt } from './moment.ts'
import { adoptions, vector } from './observe.ts'
import type { LookAt } from './observed.ts'
import { everyRow, field, type Query, text, within } from './sql.ts'

/**
 * `missing`: a request acted on a unit that takes part, and did not expose it. `doubled`: one request exposed a unit twice.
 * `wrong-variant`: the allocation gives another, or none. `out-of-order`: not in the same append as its request, or under an allocation that its log had not
 * adopted, or had left long ago.
 */
export type FaultKind = 'missing' | 'doubled' | 'wrong-variant' | 'out-of-order'

export interface Fault {
  readonly kind: FaultKind
  readonly service: string
  /** Of the event that shows it: the exposure, or the request without one. */
  readonly event: string
  readonly position: number
  readonly unit: string
  readonly because: string
}

export interface Ledger {
  readonly exposures: number
  /** Requests of actions that ask for the variant, and commands that consumers ran of a kind that does. */
  readonly requests: number
  /** Differences that are none: the request was on its way while its log adopted another allocation. */
  readonly inFlight: number
  /** Differences that are none: nobody who decides was heard for a day, and the request says that it withheld the variant. */
  readonly silent: number
  /** Refused requests without exposure: whether the domain asked before it refused is not recorded. `replay` tells. */
  readonly refused: number
  readonly faults: readonly Fault[]
}

export interface LedgerOptions {
  readonly query: Query
  readonly at?: LookAt
  /** How long a request may be on its way, and keep the allocation it began with. Default `30s`. */
  readonly inFlight?: `${number}s`
}

/**
 * Holds recorded exposures against assignment computed again, for every request kept whole. Which actions ask for the variant is taken from those that
 * were ever exposed. Needs events of all kinds: the lake of `log` views.
 */
export async function ledger(experiment: Experiment<any>, options: LedgerOptions): Promise<Ledger> {
  const { query, at = {} } = options
  // What lands meanwhile is another look's: its allocations were not read.
  const seen = within(await vector(query, at))
  const history = historyOf(await adoptions(query, experiment.name, seen), microsOf(options.inFlight ?? '30s'))
  const exposures = await exposureRows(query, experiment.name, seen)
  const known = exposures.flatMap((row) => faultOf(row, history) ?? [])
  const acts = await unexposedRequests(query, experiment, seen)
  const unexposed = acts.filter(({ unit, refused }) => unit !== null && !refused)
  const judged = unexposed.map((row) => missingOf(row, history))
  const requests = await query(`select cast(count(*) as varchar) as n from (${askingSql(experiment.name, seen)})`)
  return {
    exposures: exposures.length,
    requests: Number(requests[0]!.n),
    inFlight: judged.filter((one) => one === 'in-flight').length,
    silent: judged.filter((one) => one === 'silent').length,
    refused: acts.filter(({ refused }) => refused).length,
    faults: [...doubledOf(exposures), ...known, ...judged.filter((one) => typeof one === 'object')].sort((a, b) =>
      a.service < b.service ? -1 : a.service > b.service ? 1 : a.position - b.position,
    ),
  }
}

interface ExposureRow {
  readonly service: string
  readonly position: number
  readonly id: string
  readonly time: number
  readonly unit: string
  readonly variant: string
  readonly version: number
  readonly request: string
  readonly attributes: Attributes | undefined
  /** When its request was recorded; undefined when it is not in the log (a command run by a consumer). */
  readonly requestTime: number | undefined
}

/** Which allocation a log used when. */
interface History {
  /** Allocations a request appended here may have begun with: the one in use, and those left less than a request's time ago. Newest first. */
  inUse(service: string, position: number, time: number): readonly (Allocation | undefined)[]
  adopted(service: string, position: number, version: number): Adoption | undefined
}

function historyOf(adopted: readonly Adoption[], inFlight: number): History {
  const logs = new Map<string, Adoption[]>()
  for (const one of adopted) logs.set(one.service, [...(logs.get(one.service) ?? []), one])
  const before = (service: string, position: number) =>
    (logs.get(service) ?? []).filter((one) => one.position < position).reverse()
  return {
    inUse(service, position, time) {
      const all = before(service, position)
      const young = all.findIndex((one) => time - one.time > inFlight)
      const usable =
        young < 0
          ? [...all.map(({ allocation }) => allocation), undefined]
          : all.slice(0, young + 1).map(({ allocation }) => allocation)
      return usable
    },
    adopted: (service, position, version) =>
      before(service, position).find(({ allocation }) => allocation.version === version),
  }
}

async function exposureRows(query: Query, experiment: string, seen: string): Promise<ExposureRow[]> {
  const rows = await everyRow(
    query,
    `select e.service, e.position, e.id, cast(epoch_us(e.recorded_at) as varchar) as time, e.data,
      cast(epoch_us(r.recorded_at) as varchar) as asked
    from (select *, ${field('request')} as request from events where type = 'ExperimentExposed' and ${field('experiment')} = ${text(experiment)} and ${seen}) e
    left join (select service, id, recorded_at from events where type = 'RequestReceived' and ${seen}) r
      on r.service = e.service and r.id = e.request`,
  )
  return rows.map((row) => {
    const { unit, variant, allocation, request, attributes } = JSON.parse(String(row.data))
    const requestTime = row.asked === null ? undefined : Number(row.asked)
    const place = {
      service: String(row.service),
      position: Number(row.position),
      id: String(row.id),
      time: Number(row.time),
    }
    return { ...place, unit, variant, version: allocation, request, attributes, requestTime }
  })
}

function faultOf(row: ExposureRow, history: History): Fault | undefined {
  const { service, position, time, version, unit, variant } = row
  if (row.requestTime !== undefined && row.requestTime !== time)
    return fault('out-of-order', row, `its request was recorded at ${timeAt(row.requestTime)}, not in the same append`)
  const adopted = history.adopted(service, position, version)
  if (adopted === undefined) return fault('out-of-order', row, `its log had not adopted allocation ${version}`)
  if (!history.inUse(service, position, time).some((one) => one?.version === version))
    return fault('out-of-order', row, `its log had left allocation ${version} long before`)
  const assigned = assign(adopted.allocation, unit, row.attributes)
  if (!assigned.takesPart)
    return fault('wrong-variant', row, `allocation ${version} does not expose it (${assigned.because})`)
  return assigned.variant === variant
    ? undefined
    : fault('wrong-variant', row, `allocation ${version} gives ${assigned.variant}, it got ${variant}`)
}

function doubledOf(rows: readonly ExposureRow[]): Fault[] {
  const first = new Map<string, ExposureRow>()
  return rows.flatMap((row) => {
    const key = JSON.stringify([row.service, row.version, row.unit, row.request])
    const earlier = first.get(key)
    if (earlier !== undefined)
      return [fault('doubled', row, `its request had exposed it already, by event ${earlier.id}`)]
    first.set(key, row)
    return []
  })
}

interface Unexposed {
  readonly service: string
  readonly position: number
  readonly id: string
  readonly time: number
  readonly unit: string | null
  readonly refused: boolean
  readonly withheld: boolean
}

/** Events that Headwater keeps beside a service's own. */
const beside = `('ExperimentExposed', 'ExperimentWithheld', 'RequestReceived', 'AllocationAdopted', 'ExperimentDeclared', 'VariantSeen')`

/**
 * Everything that was acted on, once per append: requests by their action, commands run by consumers by the types of their events:
 * (service, position, id, recorded_at, asks, refused).
 */
function actsSql(seen: string): string {
  const requests = `select service, position, id, recorded_at, split_part(${field('target')}, '/', 1) || '/' || ${field('action')} as asks, ${field('refused')} as refused
    from events where type = 'RequestReceived' and ${seen}`
  return `${requests} union all
    select c.service, min(c.position), c.causation_id, c.recorded_at, 'consumed ' || string_agg(distinct c.type, ',' order by c.type), null
    from (select * from events where type not in ${beside} and ${seen}) c
    anti join (${requests}) r on r.service = c.service and r.id = c.causation_id
    group by c.service, c.causation_id, c.recorded_at`
}

/** Acts of a kind that was ever exposed: they ask for the variant. */
function askingSql(experiment: string, seen: string): string {
  const acts = actsSql(seen)
  return `select r.* from (${acts}) r semi join (
      select distinct q.service, q.asks from (${acts}) q join (${exposedSql(experiment, seen)}) x on x.service = q.service and x.request = q.id
    ) a on a.service = r.service and a.asks = r.asks`
}

function exposedSql(experiment: string, seen: string, type = 'ExperimentExposed'): string {
  return `select service, ${field('request')} as request from events
    where type = ${text(type)} and ${field('experiment')} = ${text(experiment)} and ${seen}`
}

/** Their unit: as their own events name it, else as the last event of an entity they changed did. */
async function unexposedRequests(query: Query, { name, unit }: Experiment, seen: string): Promise<Unexposed[]> {
  const named = `select service, stream, position, ${field(unit)} as unit from events where ${field(unit)} is not null and type not in ${beside} and ${seen}`
  const changed = `select service, causation_id, recorded_at, stream, max(position) as position from events
    where type not in ${beside} and ${seen} group by all`
  const units = `select c.service, c.causation_id, c.recorded_at, any_value(n.unit) as unit
    from (${changed}) c asof join (${named}) n on n.service = c.service and n.stream = c.stream and c.position >= n.position group by all`
  const rows = await everyRow(
    query,
    `select r.service, r.position, r.id, cast(epoch_us(r.recorded_at) as varchar) as time, u.unit, r.refused, w.request as withheld
    from (${askingSql(name, seen)}) r
    anti join (${exposedSql(name, seen)}) x on x.service = r.service and x.request = r.id
    left join (select distinct * from (${exposedSql(name, seen, 'ExperimentWithheld')})) w on w.service = r.service and w.request = r.id
    left join (${units}) u on u.service = r.service and u.causation_id = r.id and u.recorded_at = r.recorded_at`,
  )
  return rows.map((row) => ({
    service: String(row.service),
    position: Number(row.position),
    id: String(row.id),
    time: Number(row.time),
    unit: row.unit === null ? null : String(row.unit),
    refused: row.refused !== null,
    withheld: row.withheld !== null,
  }))
}

/** `in-flight`: under an allocation left a moment before, or before the first, it was right not to expose. */
function missingOf(row: Unexposed, history: History): Fault | 'in-flight' | 'silent' | 'none' {
  if (row.withheld) return 'silent'
  const { service, position, time, unit } = row
  const [now, ...left] = history.inUse(service, position, time)
  const exposes = (allocation: Allocation | undefined) =>
    allocation !== undefined && allocation.eligible === undefined && assign(allocation, unit!).takesPart
  if (!exposes(now)) return 'none'
  if (left.some((allocation) => !exposes(allocation))) return 'in-flight'
  return fault(
    'missing',
    { ...row, unit: unit! },
    `allocation ${now!.version} exposes it (${assign(now!, unit!).variant}), its request did not`,
  )
}

function fault(
  kind: FaultKind,
  {
    service,
    position,
    id,
    unit,
  }: Omit<Unexposed, 'refused' | 'withheld' | 'time' | 'unit'> & { readonly unit: string },
  because: string,
): Fault {
  return { kind, service, event: id, position, unit, because }
}
