import type { Experiment } from '@headwater/experiment'
import {
  accumulate,
  type AccumulatedEvent,
  type Accumulation,
  type Observed,
  type Query,
} from '@headwater/experiment/analysis'

/** Where a look is taken: what the lake holds of every log, and a time that all of them have passed. */
export interface Passed {
  readonly positions: Readonly<Record<string, number>>
  readonly time: string
}

/** Sums of one experiment between looks: each look reads only what is new. */
export interface KeptSums {
  /** Looks are taken one after the other; one at a time already passed answers what was seen last. Errors as of `accumulate`; after one, it begins anew from all of history. */
  look(at: Passed): Promise<Observed>
  /** What was seen at the end of each day (UTC) since its seal was first adopted, oldest first. */
  days(): readonly Observed[]
}

/** Positions read at a time: an answer of the lake is bounded in rows. */
const pageSize = 5_000

interface Held {
  readonly services: string
  readonly sums: Accumulation
  readonly taken: Map<string, number>
  readonly days: Observed[]
  last?: Observed
}

export function keptSums(experiment: Experiment<any>, query: Query): KeptSums {
  let held: Held | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const wanted = wantedSql(experiment)

  async function take({ services, sums, taken }: Held, positions: Passed['positions']): Promise<void> {
    for (const [service, last] of Object.entries(positions)) {
      // One that came since is heard of by the next look.
      if (!services.split(',').includes(service)) continue
      for (let from = taken.get(service) ?? 0; from < last; from = taken.get(service)!) {
        const to = Math.min(from + pageSize, last)
        sums.take({ service, to, events: await page(query, service, from, to, wanted) })
        taken.set(service, to)
      }
    }
  }
  async function look({ positions, time }: Passed): Promise<Observed> {
    const services = Object.keys(positions).sort().join()
    // A log that was not there before may hold what is older than what was seen: then from the start.
    if (held?.services !== services)
      held = { services, sums: accumulate(experiment, services.split(',')), taken: new Map(), days: [] }
    if (held.last !== undefined && held.last.at.time >= time) return held.last
    try {
      for (const day of await endedDays(query, experiment, held.days.at(-1)?.at.time, time)) {
        await take(held, day.positions)
        held.days.push(held.sums.observe({ time: day.time }))
      }
      await take(held, positions)
      return (held.last = held.sums.observe({ time }))
    } catch (error) {
      held = undefined
      throw error
    }
  }
  return {
    look(at) {
      // An event that came later than any should: its time was passed already, and only a look from the start can see it.
      const anew = (error: { code?: string }) => (error.code === 'HW_TIME_PASSED' ? look(at) : Promise.reject(error))
      const looked = turn.then(() => look(at)).catch(anew)
      turn = looked.catch(() => undefined)
      return looked
    },
    days: () => held?.days ?? [],
  }
}

const dayMs = 86_400_000

/** Each midnight (UTC) since the last one seen, or since this seal was first adopted, until before `time`: what every log held then. */
async function endedDays(
  query: Query,
  { name, seal }: Experiment<any>,
  last: string | undefined,
  time: string,
): Promise<Passed[]> {
  const until = Date.parse(time)
  if (last !== undefined && until - Date.parse(last) <= dayMs) return []
  const since =
    last === undefined
      ? `(select min(recorded_at) from events where type = 'AllocationAdopted'
          and json_extract_string(data, '$.experiment') = '${name}' and json_extract_string(data, '$.seal') = '${seal}')`
      : `timestamp '${last.replace('T', ' ').replace('Z', '')}'`
  const first = await query(`select cast(epoch_ms(${since}) as varchar) as since`)
  if (first[0]?.since === null || first[0]?.since === undefined) return []
  const midnights: number[] = []
  for (let at = (Math.floor(Number(first[0].since) / dayMs) + 1) * dayMs; at < until; at += dayMs) midnights.push(at)
  if (midnights.length === 0) return []
  const rows = await query(`select service, cast(epoch_ms(date_trunc('day', recorded_at)) as varchar) as day,
      cast(max(position) as varchar) as position
    from events group by all order by day`)
  return midnights.map((at) => {
    const before = rows.filter((row) => Number(row.day) < at)
    const positions: Record<string, number> = {}
    for (const { service, position } of before)
      positions[String(service)] = Math.max(positions[String(service)] ?? 0, Number(position))
    return { positions, time: new Date(at).toISOString() }
  })
}

/** Everything of the services it measures, since any event there may name a stream's unit; of others, what is said about experiments. */
function wantedSql({ primary, secondary, guardrails }: Experiment<any>): string {
  const metrics = [...(primary === undefined ? [] : [primary]), ...secondary, ...guardrails]
  const events = metrics.flatMap(({ measure, per, funnel }) => [measure?.events, per?.events, ...(funnel?.steps ?? [])])
  const measured = [...new Set(events.flatMap((one) => (one === undefined ? [] : [`'${one.service}'`])))]
  return `(type in ('ExperimentExposed', 'AllocationAdopted', 'VariantSeen') or service in (${measured.join(', ')}))`
}

async function page(
  query: Query,
  service: string,
  from: number,
  to: number,
  wanted: string,
): Promise<AccumulatedEvent[]> {
  const rows = await query(`select cast(position as varchar) as position, type, stream, causation_id, data,
      strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') as recorded
    from events where service = '${service}' and position > ${from} and position <= ${to} and ${wanted} order by events.position`)
  return rows.map((row) => ({
    position: Number(row.position),
    type: String(row.type),
    stream: String(row.stream),
    causationId: String(row.causation_id),
    recordedAt: String(row.recorded),
    data: JSON.parse(String(row.data)),
  }))
}
