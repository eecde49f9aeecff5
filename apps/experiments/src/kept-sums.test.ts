import { allocationOf, count, experiment } from '@headwater/experiment'
import { observe, type Query } from '@headwater/experiment/analysis'
import { events } from '@headwater/service'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { eventsTable, type TableEvent } from '../../../packages/experiment/test/events-table.ts'
import { keptSums } from './kept-sums.ts'

const pots = events('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
const declare = (hypothesis: string) =>
  experiment('round-ups', {
    hypothesis,
    unit: 'customerId',
    variants: { plain: 50, rounded: 50 },
    primary: count(pots.Saved, { within: '1h' }),
    decide: { after: '14d', by: '2027-02-01' },
  })
const before = declare('Rounding up makes customers save more.')
const amended = declare('Rounding up makes customers save a lot more.')

const hour = 3_600_000_000
const day = 24 * hour
const start = Date.parse('2027-01-01T12:00:00Z') * 1000
const timeOf = (micros: number) => new Date(micros / 1000).toISOString()

/** One log, written as it is said: position by position. */
type Said = readonly [time: number, type: string, data: unknown]
function logOf(...said: readonly Said[]): TableEvent[] {
  return said.map(([time, type, data], index) => ({ service: 'pots', position: index + 1, time, type, data }))
}
const adopts = (time: number, of: typeof before, change: Parameters<typeof allocationOf>[1]) =>
  [time, 'AllocationAdopted', allocationOf(of, change)] as const
const exposes = (time: number, unit: string, variant: string, allocation: number) =>
  [time, 'ExperimentExposed', { experiment: 'round-ups', unit, variant, allocation }] as const
const saves = (time: number, customerId: string) => [time, 'Saved', { customerId }] as const

const twoEras = logOf(
  adopts(start, before, { version: 1 }),
  exposes(start + hour, 'ada', 'plain', 1),
  saves(start + hour, 'ada'),
  adopts(start + 2 * day, amended, { version: 2 }),
  exposes(start + 2 * day + hour, 'bob', 'plain', 2),
  saves(start + 2 * day + hour, 'bob'),
  exposes(start + 2 * day + hour, 'cleo', 'rounded', 2),
  exposes(start + 2 * day + 2 * hour, 'ada', 'plain', 2),
)

it('goes on through an amendment: the days of a seal begin with its own first allocation', async () => {
  const { query, close } = await eventsTable(twoEras)
  const at = { positions: { pots: twoEras.length }, time: timeOf(start + 4 * day) }
  const sums = keptSums(amended, query)
  const looked = await sums.look(at)
  expect(looked).toMatchObject({
    era: { firstVersion: 2, lastVersion: 2 },
    variants: { plain: { exposed: 1 }, rounded: { exposed: 1 } },
    carriedOver: 1,
  })
  expect(JSON.stringify(looked)).toBe(JSON.stringify(await observe(amended, { query, at })))
  // Adopted on the third at noon: the midnights after it, until the look.
  expect(sums.days().map(({ at: { time } }) => time.slice(0, 10))).toEqual(['2027-01-04', '2027-01-05'])
  close()
})

it('says of what was sealed before what it was until the amendment', async () => {
  const { query, close } = await eventsTable(twoEras)
  const at = { positions: { pots: twoEras.length }, time: timeOf(start + 4 * day) }
  const looked = await keptSums(before, query).look(at)
  expect(looked).toMatchObject({
    era: { firstVersion: 1, lastVersion: 1, until: timeOf(start + 2 * day).replace('Z', '000Z') },
    variants: { plain: { exposed: 1 }, rounded: { exposed: 0 } },
    metrics: [{ variants: { plain: { sums: { n: '1', sum: '1' } } } }],
  })
  expect(JSON.stringify(looked)).toBe(JSON.stringify(await observe(before, { query, at })))
  close()
})

it('holds back until a service uses what was sealed', async () => {
  const { query, close } = await eventsTable(twoEras.slice(0, 3))
  const sums = keptSums(amended, query)
  await expect(sums.look({ positions: { pots: 3 }, time: timeOf(start + day) })).rejects.toMatchObject({
    code: 'HW_OTHER_SEAL',
  })
  close()
})

it('counts nobody while everybody is held at control under a new seal', async () => {
  const held = [
    ...twoEras.slice(0, 3),
    ...logOf(adopts(start + 2 * day, amended, { version: 2, everybody: 'plain' })).map((one) => ({
      ...one,
      position: 4,
    })),
  ]
  const { query, close } = await eventsTable(held)
  const at = { positions: { pots: 4 }, time: timeOf(start + 3 * day) }
  const looked = await keptSums(amended, query).look(at)
  expect(looked).toMatchObject({ variants: { plain: { exposed: 0 }, rounded: { exposed: 0 } } })
  expect(JSON.stringify(looked)).toBe(JSON.stringify(await observe(amended, { query, at })))
  close()
})

it('begins anew when a log forked below what was taken of it, wherever it stands now', async () => {
  const at = (last: number, days: number) => ({ positions: { pots: last }, time: timeOf(start + days * day) })
  const after = (...said: readonly Said[]) =>
    logOf(...said).map((one) => ({ ...one, position: one.position + 2, id: `forked-${one.position}` }))
  const forks = [
    after(exposes(start + day, 'dan', 'rounded', 1)),
    after(exposes(start + day, 'dan', 'rounded', 1), saves(start + 2 * day, 'dan'), saves(start + 2 * day, 'eve')),
    [],
  ]
  for (const fork of forks) {
    let events = twoEras.slice(0, 3)
    const tables: { close(): void }[] = []
    const query: Query = async (sql) => {
      const table = await eventsTable(events)
      tables.push(table)
      return await table.query(sql)
    }
    const sums = keptSums(before, query)
    expect((await sums.look(at(3, 0.5))).metrics[0]?.variants.plain?.sums).toMatchObject({ n: '1', sum: '1' })
    events = [...twoEras.slice(0, 2), ...fork]
    const looked = await sums.look(at(events.length, 3))
    expect(JSON.stringify(looked)).toBe(JSON.stringify(await observe(before, { query, at: at(events.length, 3) })))
    expect(looked.metrics[0]?.variants.plain?.sums).toMatchObject({ n: '1', sum: '0' })
    for (const table of tables) table.close()
  }
})

it('reads of a log what the experiment is made of, and of that only what is new', async () => {
  const events = logOf(
    adopts(start, before, { version: 1 }),
    exposes(start + hour, 'ada', 'plain', 1),
    saves(start + hour, 'ada'),
    [start + hour, 'Opened', { customerId: 'ada' }],
    [start + 2 * hour, 'Opened', { customerId: 'bob' }],
    exposes(start + 3 * hour, 'bob', 'rounded', 1),
    [start + 3 * hour, 'Opened', { customerId: 'cleo' }],
  )
  const { query, close } = await eventsTable(events)
  let read: number[] = []
  const sums = keptSums(before, async (sql) => {
    const rows = await query(sql)
    if (sql.includes(' stream,')) read.push(...rows.map(({ position }) => Number(position)))
    return rows
  })
  await sums.look({ positions: { pots: 4 }, time: timeOf(start + 2 * hour) })
  // The ends of what is read tell one lineage from another: all else is outcomes and exposures.
  expect(read).toEqual([1, 2, 3, 4])
  read = []
  await sums.look({ positions: { pots: 7 }, time: timeOf(start + 4 * hour) })
  expect(read).toEqual([4, 6, 7])
  close()
})
