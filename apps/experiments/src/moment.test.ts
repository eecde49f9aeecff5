import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decider, events, resource, service } from '@headwater/service'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { experiments } from './index.ts'
import { passed } from './lake.ts'
import { momentOf } from './moment.ts'

const facts = events('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
const pot = decider('pot', facts, {
  commands: { save: z.object({ customerId: z.string() }) },
  initialState: () => ({}),
  decide: { save: ({ customerId }) => [facts.Saved({ customerId })] },
  evolve: { Saved: (state) => state },
})
const pots = service('pots', { facts, resources: [resource('/pots/{potId}', pot, { links: {}, actions: {} })] })

/** Pots in one process, the service of experiments in another, as both are in one landscape. */
let [elsewhere, here]: Landscape[] = []
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-moment-'))
  server = await throwAwayServer()
  const place = { postgres: server.url, name: server.name, directory, log: () => undefined }
  elsewhere = await startLandscape([pots], { ...place, lake: false })
  here = await startLandscape([experiments({ everyMs: 3_600_000 })], {
    ...place,
    elsewhere: { pots: `${elsewhere.url}pots/` },
  })
})
afterAll(async () => {
  await here?.stop()
  await elsewhere?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

const running = () => here!.services.get('experiments')!

it('asks every log where it stood, also of services in other processes', async () => {
  const before = (await momentOf(running(), 0)).ends.get('pots')!
  const { run, store } = elsewhere!.services.get('pots')!
  for (const customerId of ['ada', 'bob', 'cleo']) await run(pot.save, customerId, { customerId }, 'test')
  const { ends, time } = await momentOf(running(), 0)
  const saved = (await store.read('pot-cleo'))[0]!
  expect(ends.get('pots')).toBe(before + 3)
  expect(time > saved.recordedAt).toBe(true)
  // What is younger than that is on its way: nobody waits for it.
  expect((await momentOf(running(), 3_600_000)).ends.get('pots')).toBe(0)
})

it('goes by the clock that events are recorded by, wherever it stands', async () => {
  await here!.advance(86_400_000)
  const { time } = await momentOf(running(), 0)
  expect(Date.parse(time) - Date.now()).toBeGreaterThan(86_000_000)
})

it('says of a log that cannot be asked that it is not known', async () => {
  await elsewhere!.stop()
  const { ends } = await momentOf(running(), 0)
  expect([ends.has('pots'), ends.get('pots')]).toEqual([true, undefined])
})

const landed = (positions: Record<string, number>) => async () =>
  Object.entries(positions).map(([log, position]) => ({ service: log, position: String(position) }))
const time = '2027-01-01T00:00:00.000Z'
const moment = (ends: Record<string, number | undefined>) => ({ time, ends: new Map(Object.entries(ends)) })

it('waits for what was recorded before the moment, and for nothing after it', async () => {
  const query = landed({ pots: 7, cards: 3 })
  expect(await passed(query, moment({ pots: 8, cards: 3 }), { needed: [] })).toBeUndefined()
  expect(await passed(query, moment({ pots: 5, cards: 3 }), { needed: [] })).toEqual({
    positions: { pots: 7, cards: 3 },
    time,
  })
})

it.each<[string, Record<string, number | undefined>, boolean]>([
  ['a log it needs that could not be asked', { pots: 5, cards: undefined }, true],
  ['a log it needs that nobody knows', { pots: 5, cards: 3, gifts: undefined }, true],
  ['a log of others that could not be asked', { pots: 5, cards: 3, others: undefined }, false],
  ['a service it needs that was removed', { pots: 5 }, false],
])('is held back or not by %s', async (_, ends, behind) => {
  const needed = 'gifts' in ends ? ['pots', 'gifts'] : ['pots', 'cards']
  const found = await passed(landed({ pots: 7, cards: 3 }), moment(ends), { needed })
  expect(found === undefined).toBe(behind)
})

it('is held back by a log it needs of which nothing has ever landed', async () => {
  expect(await passed(landed({ pots: 7 }), moment({ pots: 7 }), { needed: ['cards'] })).toBeUndefined()
})
