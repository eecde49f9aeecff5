import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openEngine } from './engine.ts'
import { localFiles } from './files/local.ts'
import { type Lake, type LakeOptions, openLake } from './index.ts'
import { event, page } from './pages.fixture.ts'

const WEEK_MS = 7 * 24 * 3_600_000

let directory: string
let ahead: number
const opened: Lake[] = []
const open = async (options: Partial<LakeOptions> = {}) => {
  const now = () => Date.now() + ahead
  const lake = await openLake({ directory, compact: false, seal: { afterMs: 3_600_000 }, now, ...options })
  opened.push(lake)
  return lake
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vacuum-'))
  ahead = 0
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((lake) => lake.close()))
  await rm(directory, { recursive: true })
})

const landed = async (lake: Lake, from: number, to: number) => {
  for (let position = from; position <= to; position++) {
    await lake.land(page([event(position, 'Saved', { n: position })]), { service: 'pots' })
    await lake.seal()
  }
}
const counted = async (lake: Lake) =>
  (await lake.query('select count(*), count(distinct position), max(position) from events')).rows[0]
const versions = async () =>
  (await readdir(join(directory, '_delta_log'))).filter((name) => /^\d{20}\.json$/.test(name)).toSorted()
const vacuumed = async (lake: Lake) => {
  ahead += WEEK_MS
  await lake.vacuum({ keepMs: WEEK_MS / 2 })
}

it('keeps a writer that slept from adding a version whose number has become free', async () => {
  const sleeper = await open()
  await landed(sleeper, 1, 2)
  await sleeper.land(page([event(3, 'Saved', { n: 3 })]), { service: 'pots' })
  const awake = await open()
  await landed(awake, 3, 25)
  await vacuumed(awake)
  expect((await versions())[0]).toBe('00000000000000000020.json')
  await sleeper.seal()
  expect(sleeper.positions()).toEqual({ pots: 25 })
  await landed(sleeper, 26, 26)
  for (const lake of [sleeper, awake, await open()]) expect(await counted(lake)).toEqual([26, 26, 26])
})

it('shows the newest events to a reader that slept', async () => {
  const [sleeper, awake] = [await open(), await open()]
  await landed(awake, 1, 25)
  await vacuumed(awake)
  expect(await counted(sleeper)).toEqual([25, 25, 25])
})

it.each([2, 19])(
  'passes over what a writer left at number %s when it was free, and a note of a checkpoint that is gone',
  async (number) => {
    const sleeper = await open()
    await landed(sleeper, 1, number)
    const awake = await open()
    await landed(awake, number + 1, 25)
    await vacuumed(awake)
    const stray = '{"txn":{"appId":"headwater:pots","version":9}}\n'
    await writeFile(join(directory, '_delta_log', `${String(number).padStart(20, '0')}.json`), stray)
    await writeFile(join(directory, '_delta_log/_last_checkpoint'), '{"version":10,"size":1}')
    for (const lake of [sleeper, awake, await open()]) expect(await counted(lake)).toEqual([25, 25, 25])
  },
)

it('forgets removed files when nobody may want them any more, so that checkpoints stay small', async () => {
  const lake = await open()
  await landed(lake, 1, 4)
  await lake.compact()
  const removals = async (version: number) => {
    const path = join(directory, '_delta_log', `${String(version).padStart(20, '0')}.checkpoint.parquet`)
    const engine = await openEngine({ memory: '64MB', threads: 1, temporary: directory })
    const [row] = await engine.rows(`select count(*) as n from read_parquet('${path}') where remove is not null`)
    engine.close()
    return Number(row!.n)
  }
  await landed(lake, 5, 20)
  expect(await removals(20)).toBe(4)
  ahead += WEEK_MS + 60_000
  await landed(lake, 21, 40)
  expect(await removals(40)).toBe(0)
  expect(await counted(await open())).toEqual([40, 40, 40])
})

it('lands on where a checkpoint cannot be written, and says so', async () => {
  const troubles: unknown[] = []
  const files = localFiles(directory)
  const putIfAbsent = async (path: string, content: string | Uint8Array) => {
    if (path.endsWith('.checkpoint.parquet')) throw new Error('no space left on device')
    return await files.putIfAbsent(path, content)
  }
  const lake = await open({ files: { ...files, putIfAbsent }, onTrouble: (error) => troubles.push(error) })
  await landed(lake, 1, 21)
  expect(troubles.map(String)).toEqual(['Error: no space left on device'])
  expect(await counted(await open())).toEqual([21, 21, 21])
})
