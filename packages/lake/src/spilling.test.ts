import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Lake, openLake } from './index.ts'
import { event, page } from './pages.fixture.ts'

let directory: string
let lake: Lake
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spilling-'))
  lake = await openLake({ directory, processes: { count: 2, memoryMb: 150, threads: 1 }, limits: { timeMs: 60_000 } })
})
afterEach(async () => {
  await lake.close()
  await rm(directory, { recursive: true })
})

const scratch = async () => await readdir(join(directory, '_headwater/scratch'), { recursive: true })
/** Sorts more than fits in memory. */
const spilling = (seed: number) =>
  `select range from range(10000000) order by hash(range + ${seed}) limit 1 offset 9999999`

it('answers two questions at a time that both spill', async () => {
  const answers = await Promise.all([1, 2].map(async (seed) => (await lake.query(spilling(seed))).rows))
  expect(answers).toEqual([[[1_250_514]], [[1_250_513]]])
}, 120_000)

it('leaves nothing behind of a process that is ended, nor of what it was handed', async () => {
  await lake.land(page([event(1, 'Saved', { n: 1 })]), { service: 'pots' })
  expect((await lake.query('select n from Saved')).rows).toEqual([[1]])
  expect((await scratch()).filter((name) => name.endsWith('.rows'))).toEqual([])
  await expect(lake.query(spilling(1), { limits: { timeMs: 200 } })).rejects.toMatchObject({ code: 'HW_QUERY_TIME' })
  await lake.close()
  await vi.waitFor(async () => expect(await scratch()).toEqual([]), 20_000)
})

it('sweeps up after processes that died with their parent, and lets those of others alone', async () => {
  const [dead, other] = ['dead', 'other'].map((name) => join(directory, '_headwater/scratch', name)) as [string, string]
  for (const folder of [dead, other]) await mkdir(folder)
  const before = Date.now() / 1_000 - 2 * 86_400
  await utimes(dead, before, before)
  await lake.vacuum()
  const left = await scratch()
  expect(left).not.toContain('dead')
  expect(left).toContain('other')
  expect((await lake.query(spilling(1))).rows).toEqual([[1_250_514]])
}, 120_000)
