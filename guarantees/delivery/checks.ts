import type pg from 'pg'
import { isPoison, outsideEvery } from './shipping.ts'

export interface Found {
  readonly lost: number
  readonly doubled: number
  readonly outOfOrder: number
}

export interface Known {
  readonly position: number
  readonly stream: string
  readonly n: number
}

/** Everything in the log, as the log says it. */
export async function eventsIn(pool: pg.Pool): Promise<Known[]> {
  const { rows } = await pool.query(
    `select position::int, stream, (data ->> 'n')::int as n from headwater.event order by position`,
  )
  return rows
}

/** Those that a poison event lets through: of its stream, only what came before it. */
export function beforePoison(events: readonly Known[]): Known[] {
  const poisoned = new Set<string>()
  return events.filter(({ stream, n }) => {
    if (isPoison(n)) poisoned.add(stream)
    return !poisoned.has(stream)
  })
}

/** A counter per event, and the order of each stream, over the effects as they were written. */
export async function check(pool: pg.Pool, expected: readonly Known[]): Promise<Found> {
  const { rows } = await pool.query('select stream, position::int from effect order by seq')
  const counts = new Map<number, number>()
  const last = new Map<string, number>()
  let outOfOrder = 0
  for (const { stream, position } of rows) {
    counts.set(position, (counts.get(position) ?? 0) + 1)
    if (position < (last.get(stream) ?? 0)) outOfOrder += 1
    last.set(stream, position)
  }
  const wanted = new Set(expected.map(({ position }) => position))
  const lost = expected.filter(({ position }) => !counts.has(position)).length
  const doubled = [...counts].filter(([position, count]) => count > 1 || !wanted.has(position)).length
  return { lost, doubled, outOfOrder }
}

/** What is parked must be exactly what the poison holds up, whole and in order. */
export async function parkedWrong(pool: pg.Pool, events: readonly Known[], passed: readonly Known[]): Promise<number> {
  const { rows } = await pool.query(
    `select position::int, event from headwater.consumer_parked where state <> 'skipped' order by position`,
  )
  const through = new Set(passed.map(({ position }) => position))
  const expected = events.filter(({ position }) => !through.has(position))
  const got = rows.map(({ position, event }) => `${position} ${JSON.parse(event).stream} ${JSON.parse(event).data.n}`)
  const wrong = expected.filter(({ position, stream, n }, index) => got[index] !== `${position} ${stream} ${n}`).length
  return wrong + Math.max(0, got.length - expected.length)
}

/** Effects outside: each at least once, by the id of its event. */
export async function outsideOf(pool: pg.Pool, events: readonly Known[]): Promise<{ lost: number; again: number }> {
  const { rows } = await pool.query('select position::int, count(*)::int as times from outside group by position')
  const times = new Map(rows.map(({ position, times: count }) => [position, count]))
  const wanted = events.filter(({ n }) => n % outsideEvery === 0)
  return {
    lost: wanted.filter(({ position }) => !times.has(position)).length,
    again: rows.reduce((sum, { times: count }) => sum + count - 1, 0),
  }
}
