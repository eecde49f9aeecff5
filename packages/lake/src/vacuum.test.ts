import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
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
