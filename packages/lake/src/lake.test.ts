import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contractOf, events } from '@headwater/contract'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { type Lake, type LakeOptions, openLake } from './index.ts'
import { event, page } from './pages.fixture.ts'

const facts = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }), level: 'published' },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int(), at: z.iso.datetime().optional() }) },
})

let directory: string
const opened: Lake[] = []
const open = async (options: Partial<LakeOptions> = {}) => {
  const lake = await openLake({ directory, contracts: [contractOf(facts)], seal: { afterMs: 3_600_000 }, ...options })
  opened.push(lake)
  return lake
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lake-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((lake) => lake.close()))
  await rm(directory, { recursive: true })
})

const saved = (position: number, amountMinor: number, customerId = 'c1') =>
  event(position, 'Saved', { customerId, amountMinor })
const total = async (lake: Lake, at?: Record<string, number>) =>
  (await lake.query('select count(*), sum("amountMinor") from Saved', at === undefined ? {} : { at })).rows[0]

it('shows newest and sealed events as one table', async () => {
  const lake = await open()
  await lake.land(page([event(1, 'PotOpened', { customerId: 'c1' }), saved(2, 100)]), { service: 'pots' })
  expect(await total(lake)).toEqual([1, 100])
  await lake.seal()
  expect(await total(lake)).toEqual([1, 100])
  await lake.land(page([saved(3, 20)]), { service: 'pots' })
  expect(await total(lake)).toEqual([2, 120])
  await lake.land(page([saved(4, 3)]), { service: 'pots' })
  expect(await total(lake)).toEqual([3, 123])
  const { rows, at } = await lake.query(
    'select type, count(*) as n, max(recorded_at) from events group by all order by type',
  )
  expect(rows).toEqual([
    ['PotOpened', 1, '2026-03-01T10:00:01.000123Z'],
    ['Saved', 3, '2026-03-01T10:00:04.000123Z'],
  ])
  expect(at).toEqual({ pots: 4 })
  expect(lake.positions()).toEqual({ pots: 4 })
})

it('drops what it has, and accepts no gap', async () => {
  const lake = await open()
  await lake.land(page([saved(1, 1), saved(2, 2)]), { service: 'pots' })
  expect(await lake.land(page([saved(1, 1), saved(2, 2)]), { service: 'pots' })).toEqual({ landed: 0, position: 2 })
  expect(await lake.land(page([saved(2, 2), saved(3, 4)]), { service: 'pots' })).toEqual({ landed: 1, position: 3 })
  await expect(lake.land(page([saved(5, 9)]), { service: 'pots' })).rejects.toMatchObject({ code: 'HW_LAKE_GAP' })
  expect(await total(lake)).toEqual([3, 7])
})

it('goes on where the table ends after a crash: what was sealed is there, the rest is landed again', async () => {
  const before = await open()
  await before.land(page([saved(1, 1)]), { service: 'pots' })
  await before.seal()
  await before.land(page([saved(2, 2)]), { service: 'pots' })
  const after = await open()
  expect(await after.cursor('pots')).toEqual({ log: 'log-1', position: 1, id: 'e1' })
  await after.land(page([saved(2, 2), saved(3, 4)]), { service: 'pots' })
  expect(await total(after)).toEqual([3, 7])
  await after.seal()
  expect(await total(after)).toEqual([3, 7])
  // The one that had not crashed after all finds its tail sealed by the other.
  await before.land(page([saved(3, 4), saved(4, 8)]), { service: 'pots' })
  await before.seal()
  expect(await total(before)).toEqual([4, 15])
  expect(await total(after)).toEqual([4, 15])
  expect(after.catalogue().find(({ type }) => type === 'Saved')?.events).toBe(4)
})

it('covers positions that a page does not show', async () => {
  const lake = await open()
  await lake.land(page([saved(2, 5)], { from: 1, to: 4 }), { service: 'pots' })
  await lake.seal()
  await lake.land(page([saved(7, 6)], { from: 5, to: 9 }), { service: 'pots' })
  expect(lake.positions()).toEqual({ pots: 9 })
  expect(await total(lake)).toEqual([2, 11])
  expect(await lake.cursor('pots')).toEqual({ log: 'log-1', position: 7, id: 'e7' })
})

it('keeps the payload byte for byte', async () => {
  const lake = await open()
  const exact = '{"b":1.10, "a":1e5,"b":12345678901234567890123,"t":"\\u00e9\\n\\"quoted\\"","z":{"k":[1,2 , null]}}'
  await lake.land(page([event(1, 'Odd', exact)]), { service: 'other' })
  const ask = async () => (await lake.query('select data from events')).rows[0]
  expect(await ask()).toEqual([exact])
  await lake.seal()
  expect(await ask()).toEqual([exact])
})

it('gives payload fields the types their contract names, sealed or not', async () => {
  const lake = await open()
  const data = { customerId: 'c1', amountMinor: 5, at: '2026-01-01T12:00:00+02:00' }
  await lake.land(page([event(1, 'Saved', data)]), { service: 'pots' })
  const ask = async () => await lake.query('select "customerId", "amountMinor", "at", unit, category from pots.Saved')
  const newest = await ask()
  expect(newest.columns.map(({ type }) => type)).toEqual(['VARCHAR', 'BIGINT', 'TIMESTAMP', 'VARCHAR', 'VARCHAR'])
  expect(newest.rows).toEqual([['c1', 5, '2026-01-01T10:00:00Z', 'c1', 'pot']])
  await lake.seal()
  expect(await ask()).toMatchObject({ columns: newest.columns, rows: newest.rows })
})

it('discovers fields no contract names, and grows with them without touching what is sealed', async () => {
  const lake = await open({ contracts: [] })
  const versions = [
    { amount: 5 },
    { amount: 7, note: 'x' },
    { amount: 1.5, tags: ['a', 'b'], place: { city: 'Bern' } },
    { amount: 'many', Amount: 3, type: 'odd' },
  ]
  for (const [index, data] of versions.entries()) {
    await lake.land(page([event(index + 1, 'Spent', data)]), { service: 'shop' })
    if (index !== 2) await lake.seal()
  }
  const { rows } = await lake.query('select amount, note, tags, place.city, data_type from Spent order by position')
  expect(rows).toEqual([
    ['5', null, null, null, null],
    ['7', 'x', null, null, null],
    ['1.5', null, ['a', 'b'], 'Bern', null],
    ['many', null, null, null, 'odd'],
  ])
})

it('answers as of positions, whatever has come since', async () => {
  const lake = await open()
  await lake.land(page([saved(1, 1), saved(2, 2)]), { service: 'pots' })
  await lake.land(page([saved(1, 10)]), { service: 'jars' })
  const then = lake.positions()
  await lake.seal()
  await lake.land(page([saved(3, 4)]), { service: 'pots' })
  await lake.seal()
  await lake.land(page([saved(4, 8)]), { service: 'pots' })
  expect(await total(lake, then)).toEqual([3, 13])
  expect(await total(lake, { pots: 3 })).toEqual([3, 7])
  expect(await total(lake, {})).toEqual([0, null])
  expect(await total(lake)).toEqual([5, 25])
  await expect(total(lake, { pots: 5 })).rejects.toMatchObject({ code: 'HW_LAKE_POSITION' })
})

it('carries any text, also the one that separates its own rows', async () => {
  const lake = await open({ contracts: [] })
  const odd = ['\u0001', '\u0002', '\u0001\u0002"\n\r,\\', 'é😀\u2028', '', ' ', "o'neil; drop table"]
  const landed = odd.map((text, index) =>
    event(
      index + 1,
      'Odd',
      { text, customerId: `c${text}` },
      { id: `i${text}`, stream: `s-${text}`, correlationId: `c${text}` },
    ),
  )
  await lake.land(page(landed), { service: 'odd' })
  const sql = 'select id, stream, unit, correlation_id, text from Odd order by position'
  const expected = odd.map((text) => [`i${text}`, `s-${text}`, `c${text}`, `c${text}`, text])
  expect((await lake.query(sql)).rows).toEqual(expected)
  await lake.seal()
  expect((await lake.query(sql)).rows).toEqual(expected)
})
