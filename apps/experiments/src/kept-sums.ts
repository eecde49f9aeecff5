import type { Experiment } from '@headwater/experiment'
import {
  accumulate,
  type AccumulatedEvent,
  type Accumulation,
  field,
  type Observed,
  pageSize,
  type Query,
  readSql,
  text,
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

interface Held {
  readonly services: readonly string[]
  readonly sums: Accumulation
  /** The last event taken of each log. */
  readonly taken: Map<string, { readonly position: number; readonly id: string | undefined }>
  readonly days: Observed[]
  last?: Observed
}

/** A log forked below what was taken of it: the sums hold events that are no more. */
class Forked extends Error {}

export function keptSums(experiment: Experiment<any>, query: Query): KeptSums {
  let held: Held | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const read = readSql(experiment)

  async function take({ services, sums, taken }: Held, positions: Passed['positions']): Promise<void> {
    for (const [service, last] of Object.entries(positions)) {
      // One that came since is heard of by the next look.
      if (!services.includes(service)) continue
      for (let from = taken.get(service)?.position ?? 0; from < last;) {
        const to = Math.min(from + pageSize, last)
        const events = await page(query, service, from, to, read)
        if (events[0]?.position === from && events[0].id !== taken.get(service)?.id) throw new Forked()
        sums.take({ service, to, events })
        taken.set(service, { position: to, id: events.findLast(({ position }) => position === to)?.id })
        from = to
      }
    }
  }
  async function look({ positions, time }: Passed): Promise<Observed> {
    const services = Object.keys(positions).sort()
    // A log that was not there before may hold what is older than what was seen: then from the start.
    if (held?.services.join() !== services.join())
      held = { services, sums: accumulate(experiment, services), taken: new Map(), days: [] }
    try {
      if (await isForked(query, held.taken)) throw new Forked()
      if (held.last !== undefined && held.last.at.time >= time) return held.last
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
      const anew = (error: { code?: string }) =>
        error.code === 'HW_TIME_PASSED' || error instanceof Forked ? look(at) : Promise.reject(error)
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
          and ${field('experiment')} = ${text(name)} and ${field('seal')} = ${text(seal)})`
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

/** Whether the lake holds something else where the last event taken of a log was. */
async function isForked(query: Query, taken: Held['taken']): Promise<boolean> {
  const places = [...taken].map(([service, { position }]) => `(service = ${text(service)} and position = ${position})`)
  if (places.length === 0) return false
  const rows = await query(`select service, id from events where ${places.join(' or ')}`)
  const there = new Map(rows.map(({ service, id }) => [String(service), String(id)]))
  return [...taken].some(([service, { id }]) => there.get(service) !== id)
}

/** What is read of a log after a position; with the events at both ends, which tell whether it is still the same one. */
async function page(
  query: Query,
  service: string,
  from: number,
  to: number,
  read: string,
): Promise<(AccumulatedEvent & { readonly id: string })[]> {
  const rows = await query(`select position, id, type, stream, causation_id, data,
      strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') as recorded
    from events where service = ${text(service)} and position between ${from} and ${to} and (position in (${from}, ${to}) or ${read})
    order by events.position`)
  return rows.map((row) => ({
    position: Number(row.position),
    id: String(row.id),
    type: String(row.type),
    stream: String(row.stream),
    causationId: String(row.causation_id),
    recordedAt: String(row.recorded),
    data: JSON.parse(String(row.data)),
  }))
}
