import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { consumer, decider, events, projection, resource, service } from './index.ts'
import type { Landscape } from './landscape.ts'

const pots = events('pots', { Saved: { data: z.object({ amountMinor: z.int() }), level: 'published' } })
const pot = decider('pot', pots, {
  commands: { save: z.object({ amountMinor: z.int() }) },
  initialState: () => ({}),
  decide: { save: (cmd) => [pots.Saved(cmd)] },
  evolve: { Saved: (state) => state },
})
const notes = events('counts', { Noted: { data: z.object({ of: z.string() }) } })
const note = decider('note', notes, {
  commands: { write: z.object({ of: z.string() }) },
  initialState: () => ({ notes: 0 }),
  decide: { write: (cmd) => [notes.Noted(cmd)] },
  evolve: { Noted: (state) => ({ notes: state.notes + 1 }) },
})
const counting = consumer(
  'count',
  pots,
  {
    Saved: ({ amountMinor }, { query }) =>
      query('insert into sum values (1, $1) on conflict (id) do update set saved = sum.saved + excluded.saved', [
        amountMinor,
      ]),
  },
  { keeps: { schema: 'counted', tables: 'create table sum (id int primary key, saved int not null)' } },
)
const noting = consumer('note', pots, {
  Saved: (_, { event, run }) => run(note.write, event.stream, { of: event.id }),
})
const often = projection('often', pots, {
  key: ({ stream }) => stream,
  initial: () => ({ times: 0 }),
  on: { Saved: ({ times }) => ({ times: times + 1 }) },
})

let landscape: Landscape
let place: ThrowAwayLandscape
beforeAll(async () => {
  const actions = { save: { scope: 'w', create: 'client' } } as const
  place = await throwAwayLandscape([
    service('pots', {
      facts: pots,
      resources: [resource('/pots/{potId}', pot, { links: {}, actions })],
      projections: [often],
    }),
    service('counts', { facts: notes, resources: [], consumers: [counting, noting] }),
  ])
  landscape = place.landscape
  for (let n = 1; n <= 20; n++) await ask('/pots/pots', { potId: `p${n % 4}`, amountMinor: n })
  await landscape.settled()
})
afterAll(() => place?.drop())

async function ask(path: string, body: object): Promise<{ status: number; body: any }> {
  const token = await landscape.issuer.sign({ subject: 'ada', scopes: ['w', 'operate', 'events:read'] })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await landscape.handle(
    new Request(new URL(path, landscape.url), { method: 'POST', headers, body: JSON.stringify(body) }),
  )
  return { status: answer.status, body: await answer.json() }
}
const counts = () => landscape.services.get('counts')!
const saved = async () => (await counts().query<{ saved: number }>('select saved from counted.sum'))[0]!.saved
const noted = async () =>
  (await Promise.all([0, 1, 2, 3].map((n) => counts().load(note, `pot-p${n}`)))).map(({ notes }) => notes)

it('makes the tables a consumer keeps anew, beside the live ones', async () => {
  expect(await saved()).toBe(210)
  await counts().query('update counted.sum set saved = -1')
  expect(await ask('/rebuild', { service: 'counts' })).toMatchObject({
    status: 200,
    body: { rebuilt: [{ name: 'count', kind: 'consumer', events: 20 }] },
  })
  expect(await saved()).toBe(210)
  await ask('/pots/pots', { potId: 'p0', amountMinor: 5 })
  await landscape.settled()
  expect(await saved()).toBe(215)
  const schemas = await counts().query(`select nspname from pg_namespace where nspname like 'counted%'`)
  expect(schemas).toEqual([{ nspname: 'counted' }])
})

it('makes projections anew, all or one by its name', async () => {
  expect((await ask('/rebuild', { service: 'pots', name: 'often' })).body).toMatchObject({
    rebuilt: [{ name: 'often', kind: 'projection' }],
  })
  expect(await ask('/rebuild', { service: 'counts', name: 'note' })).toMatchObject({
    status: 404,
    body: { code: 'HW_NO_SUCH_PROJECTION' },
  })
})

it.each([['start'], ['2026-01-01T00:00:00Z'], [{ pots: 3 }]])(
  'lets a consumer handle again what came after %j; its commands are not run twice',
  async (to) => {
    const before = await noted()
    const handled = () => counts().consumers[1]!.status().handled
    const start = handled()
    expect(await ask('/rewinds/counts/note', { to })).toEqual({ status: 200, body: { consumer: 'note', to } })
    await expect.poll(handled, { timeout: 10_000 }).toBeGreaterThan(start)
    await landscape.settled()
    expect(await noted()).toEqual(before)
  },
)

it.each([
  ['/rewinds/counts/note', { to: 'tomorrow' }, 400],
  ['/rewinds/counts/note', { to: { pots: -1 } }, 400],
  ['/rewinds/counts/count', { to: 'start' }, 409],
  ['/rewinds/counts/nobody', { to: 'start' }, 404],
  ['/rewinds/nowhere/note', { to: 'start' }, 404],
])('refuses %s %j by %i', async (path, body, status) => {
  expect((await ask(path, body)).status).toBe(status)
  expect(await saved()).toBe(215)
})
