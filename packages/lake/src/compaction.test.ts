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

it('joins many into several files, in the order of the table, and has then nothing left to join', async () => {
  const units = ['b', undefined, 'd', 'a', `it's`, 'c', 'd']
  const customers = Array.from({ length: 21 }, (_, index) => {
    const unit = units[index % units.length]
    const type = index % 4 === 0 ? 'Closed' : index === 2 ? 'Opened' : 'Saved'
    return event(index + 1, type, { n: index, ...(unit === undefined ? {} : { customerId: unit }) })
  })
  for (const one of customers) {
    await lake.land(page([one]), { service: 'pots' })
    await lake.seal()
  }
  const before = await lake.query(everything)
  expect(await lake.compact({ perFile: 4 })).toBe(true)
  expect(await lake.compact({ perFile: 4 })).toBe(false)
  expect((await lake.query(everything)).rows).toEqual(before.rows)
  const files = (sql: string) => lake.explain(sql).then((said) => said.files)
  // Six closed in two files, the one opened in another, and fourteen saved in four, of which none has a unit in common.
  expect([await files('select n from Closed'), await files('select n from Opened')]).toEqual([2, 1])
  expect(await files('select n from Saved')).toBe(4)
  await landed(22, 23)
  expect(await lake.compact({ perFile: 4 })).toBe(true)
  expect(await lake.compact({ perFile: 4 })).toBe(false)
  expect((await lake.query('select count(*), count(distinct position) from events')).rows).toEqual([[23, 23]])
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
