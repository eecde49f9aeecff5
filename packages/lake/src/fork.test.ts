import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Lake, openLake } from './index.ts'
import { event, page } from './pages.fixture.ts'

let directory: string
const opened: Lake[] = []
const open = async () => {
  const lake = await openLake({ directory, compact: false, seal: { afterMs: 3_600_000 } })
  opened.push(lake)
  return lake
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fork-'))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((lake) => lake.close()))
  await rm(directory, { recursive: true })
})

const saved = (position: number, n: number, lineage: string) =>
  event(position, 'Saved', { n }, { id: `${lineage}${position}` })
const rows = async (lake: Lake) => (await lake.query('select position, id, n from pots.Saved order by position')).rows
const fork = { log: 'log-2', position: 2, id: 'a2' }
const after = [
  [1, 'a1', 1],
  [2, 'a2', 2],
  [3, 'b3', 30],
]

it('takes out what lies beyond a fork, and lands the new lineage in its place', async () => {
  const lake = await open()
  await lake.land(page([event(1, 'Saved', { n: 7 })]), { service: 'jars' })
  await lake.land(page([saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await lake.seal()
  await lake.land(page([saved(4, 4, 'a')]), { service: 'pots' })
  expect(await rows(lake)).toHaveLength(4)
  await lake.fork('pots', fork)
  expect(lake.positions()).toEqual({ jars: 1, pots: 2 })
  expect(await rows(lake)).toEqual(after.slice(0, 2))
  await lake.land(page([saved(3, 30, 'b')], { log: 'log-2' }), { service: 'pots' })
  expect(await rows(lake)).toEqual(after)
  await lake.seal()
  expect(await rows(lake)).toEqual(after)
  const counts = Object.fromEntries(lake.catalogue().map(({ service, events }) => [service, events]))
  expect(counts).toEqual({ jars: 1, pots: 3 })
  const again = await open()
  expect(await rows(again)).toEqual(after)
  expect(await again.cursor('pots')).toEqual({ log: 'log-2', position: 3, id: 'b3' })
  expect((await again.query('select n from jars.Saved')).rows).toEqual([[7]])
})

it('makes every other process give up what it holds of the lineage that ended', async () => {
  const [one, other] = [await open(), await open()]
  await one.land(page([saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await one.seal()
  await other.land(page([saved(3, 3, 'a'), saved(4, 4, 'a')]), { service: 'pots' }).catch(() => {})
  expect(await rows(other)).toHaveLength(3)
  await other.land(page([saved(4, 4, 'a')]), { service: 'pots' })
  await one.fork('pots', fork)
  await other.seal()
  expect(other.positions()).toEqual({ pots: 2 })
  await one.land(page([saved(3, 30, 'b')], { log: 'log-2' }), { service: 'pots' })
  await one.seal()
  expect(await rows(other)).toEqual(after)
  expect(await rows(one)).toEqual(after)
})

it('loses nothing that both lineages share where it was not sealed yet', async () => {
  const lake = await open()
  await lake.land(page([saved(1, 1, 'a')]), { service: 'pots' })
  await lake.seal()
  await lake.land(page([saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await lake.fork('pots', fork)
  expect(await lake.cursor('pots')).toEqual({ log: 'log-2', position: 1, id: 'a1' })
  await lake.land(page([saved(2, 2, 'a'), saved(3, 30, 'b')], { log: 'log-2' }), { service: 'pots' })
  await lake.seal()
  expect(await rows(lake)).toEqual(after)
})

it('cuts what was being sealed while it learnt of the fork', async () => {
  const lake = await open()
  await lake.land(page([saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  const sealing = lake.seal()
  await lake.fork('pots', fork)
  await sealing
  const position = (await lake.cursor('pots'))!.position
  const missing = [saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 30, 'b')].slice(position)
  await lake.land(page(missing, { log: 'log-2' }), { service: 'pots' })
  await lake.seal()
  expect(await rows(await open())).toEqual(after)
})

it('keeps another process from sealing the former lineage where there was nothing to cut', async () => {
  const [one, other] = [await open(), await open()]
  await one.land(page([saved(1, 1, 'a')]), { service: 'pots' })
  await one.seal()
  expect(await rows(other)).toHaveLength(1)
  await other.land(page([saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await one.fork('pots', fork)
  await other.seal()
  expect(other.positions()).toEqual({ pots: 1 })
  await one.land(page([saved(2, 2, 'a'), saved(3, 30, 'b')], { log: 'log-2' }), { service: 'pots' })
  await one.seal()
  expect(await rows(other)).toEqual(after)
})

it('counts anew where another process went on beyond a fork', async () => {
  const [one, other] = [await open(), await open()]
  await one.land(page([saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await one.seal()
  expect(await rows(other)).toHaveLength(3)
  await one.fork('pots', fork)
  const renamed = event(3, 'Spent', { n: 30 }, { id: 'b3' })
  await one.land(page([renamed, event(4, 'Spent', { n: 4 })], { log: 'log-2' }), { service: 'pots' })
  await one.seal()
  expect((await other.query('select n from pots.Spent order by n')).rows).toEqual([[4], [30]])
  const counts = Object.fromEntries(other.catalogue().map(({ type, events }) => [type, events]))
  expect(counts).toEqual({ Saved: 2, Spent: 2 })
})

it('goes on with a new name of the log where nothing was lost', async () => {
  const lake = await open()
  await lake.land(page([saved(1, 1, 'a'), saved(2, 2, 'a')]), { service: 'pots' })
  await lake.land(page([saved(3, 30, 'b')], { log: 'log-2' }), { service: 'pots' })
  await lake.seal()
  expect(await rows(lake)).toEqual(after)
  await expect(lake.land(page([saved(3, 3, 'a'), saved(4, 4, 'a')]), { service: 'pots' })).rejects.toMatchObject({
    code: 'HW_LAKE_LOG',
  })
})

it('answers what is asked while a log forks', async () => {
  const lake = await open()
  await lake.land(page([saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await lake.seal()
  const asked = lake.query('select max(position) from pots.Saved')
  await lake.fork('pots', fork)
  expect([[[2]], [[3]]]).toContainEqual((await asked).rows)
})

it('lands nothing of a lineage that the log has left, also where it would go on without a gap', async () => {
  const [one, other] = [await open(), await open()]
  await one.land(page([saved(1, 1, 'a'), saved(2, 2, 'a'), saved(3, 3, 'a')]), { service: 'pots' })
  await one.seal()
  await one.fork('pots', fork)
  expect(await rows(other)).toHaveLength(2)
  for (const lake of [one, other])
    await expect(lake.land(page([saved(3, 3, 'a')]), { service: 'pots' })).rejects.toMatchObject({
      code: 'HW_LAKE_LOG',
    })
  await other.land(page([saved(3, 30, 'b')], { log: 'log-2' }), { service: 'pots' })
  expect(await rows(other)).toEqual(after)
})

it('refuses a page whose events are out of order or out of its range', async () => {
  const lake = await open()
  for (const wrong of [
    page([saved(2, 2, 'a'), saved(1, 1, 'a')], { from: 1, to: 2 }),
    page([saved(1, 1, 'a'), saved(1, 1, 'a')]),
    page([saved(1, 1, 'a'), saved(5, 5, 'a')], { to: 3 }),
  ])
    await expect(lake.land(wrong, { service: 'pots' })).rejects.toMatchObject({ code: 'HW_LAKE_PAGE' })
  expect(lake.positions()).toEqual({})
})
