import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Lake, openLake } from './index.ts'
import { event, page } from './pages.fixture.ts'

let directory: string
let lake: Lake
let clock = 1_000_000
const open = async () => await openLake({ directory, compact: false, seal: { afterMs: 3_600_000 }, now: () => clock })
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'compaction-'))
  lake = await open()
})
afterEach(async () => {
  await lake.close()
  await rm(directory, { recursive: true })
})

const segments = async () => (await readdir(join(directory, 'segments'))).filter((name) => name.endsWith('.parquet'))
const landed = async (from: number, to: number) => {
  for (let position = from; position <= to; position++) {
    const data =
      position % 3 === 0 ? { n: position, note: `n${position}` } : { n: position % 2 ? position : position + 0.5 }
    await lake.land(page([event(position, position % 5 === 0 ? 'Spent' : 'Saved', data)]), { service: 'pots' })
    await lake.seal()
  }
}
const everything = 'select position, type, data from events order by position'
const typed = 'select position, n, note from Saved order by position'

it('joins segments and changes no answer, of now or of then', async () => {
  await landed(1, 12)
  const before = { all: await lake.query(everything), typed: await lake.query(typed) }
  const then = await lake.query(everything, { at: { pots: 5 } })
  expect(await lake.compact()).toBe(true)
  expect((await lake.explain(everything)).files).toBe(1)
  expect((await lake.query(everything)).rows).toEqual(before.all.rows)
  expect((await lake.query(typed)).rows).toEqual(before.typed.rows)
  expect((await lake.query(everything, { at: { pots: 5 } })).rows).toEqual(then.rows)
  await landed(13, 14)
  expect((await lake.query('select count(*), max(n) from Saved')).rows).toEqual([[12, 14.5]])
})

it('gives way when another writer has joined the same segments', async () => {
  await landed(1, 4)
  const other = await open()
  const [one, two] = await Promise.all([lake.compact(), other.compact()])
  expect([one, two]).toContain(true)
  expect((await other.query('select count(*), count(distinct position) from events')).rows).toEqual([[4, 4]])
  expect((await lake.query('select count(*), count(distinct position) from events')).rows).toEqual([[4, 4]])
  await other.close()
})

it('keeps joined files for readers of older versions, until they are vacuumed', async () => {
  await landed(1, 4)
  await lake.compact()
  expect(await segments()).toHaveLength(5)
  clock += 1_000
  expect(await lake.vacuum({ keepMs: 2_000 })).toMatchObject({ files: 0 })
  expect(await lake.vacuum({ keepMs: 500 })).toMatchObject({ files: 4 })
  expect(await segments()).toHaveLength(1)
  expect((await lake.query('select count(*) from events')).rows).toEqual([[4]])
})

it('reads a table of many versions from its checkpoint', async () => {
  await landed(1, 45)
  await lake.compact()
  const again = await open()
  expect(again.positions()).toEqual({ pots: 45 })
  expect((await again.query(everything)).rows).toEqual((await lake.query(everything)).rows)
  expect((await again.query(typed)).rows).toEqual((await lake.query(typed)).rows)
  await again.close()
})
