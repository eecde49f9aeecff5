import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { archive, fingerprint } from './archive.ts'
import { consumer, decider, events, type InlineProjection, Poison, resource, service } from './index.ts'
import { type Landscape, startLandscape } from './landscape.ts'

const amount = z.object({ amountMinor: z.int() })
const pots = events('pots', {
  Saved: { data: amount.extend({ potId: z.string() }), level: 'published', key: 'potId' },
})
const pot = decider('pot', pots, {
  commands: { save: amount },
  initialState: () => ({ saved: 0, last: { amountMinor: 0 } }),
  decide: { save: (cmd, _, { id }) => [pots.Saved({ potId: id, ...cmd })] },
  evolve: { Saved: ({ saved }, { amountMinor }) => ({ saved: saved + amountMinor, last: { amountMinor } }) },
})
const people = events('people', {
  Named: { data: z.object({ personId: z.string(), name: z.string() }), personal: { name: 'personId' } },
})
const person = decider('person', people, {
  commands: { rename: z.object({ name: z.string() }) },
  initialState: () => ({ name: '' }),
  decide: { rename: ({ name }, _, { id }) => [people.Named({ personId: id, name })] },
  evolve: { Named: (_, { name }) => ({ name }) },
})
const copies = events('copies', { Saved: { data: amount.extend({ potId: z.string() }) } })
const copy = decider('pot', copies, {
  commands: {},
  initialState: () => ({ saved: 0 }),
  decide: {},
  evolve: { Saved: ({ saved }, { amountMinor }) => ({ saved: saved + amountMinor }) },
})
const sums: InlineProjection = {
  name: 'sums',
  decider: copy,
  rows: (_, { id, state }) => [{ key: id, value: state.saved }],
}

/** What the consumer chokes on, until somebody mends it. */
const bad = new Set([13, 666])
const counting = consumer('count', pots, {
  async Saved({ amountMinor }, { query }) {
    if (bad.has(amountMinor)) throw new Poison(`${amountMinor} brings bad luck`)
    await query('insert into counted (amount) values ($1)', [amountMinor])
  },
})
const write = { create: 'client' } as const
const services = [
  service('pots', {
    facts: pots,
    resources: [resource('/pots/{potId}', pot, { links: {}, actions: { save: { scope: 'w', ...write } } })],
  }),
  service('people', {
    facts: people,
    resources: [resource('/people/{personId}', person, { links: {}, actions: { rename: { scope: 'w', ...write } } })],
  }),
  service('counts', {
    facts: events('counts', {}),
    resources: [],
    consumers: [counting],
    tables: 'create table if not exists counted (number serial, amount int)',
  }),
  service('copies', {
    facts: copies,
    resources: [resource('/pots/{potId}', copy, { links: {}, actions: {} })],
    projections: [sums],
  }),
]

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-operating-'))
  server = await throwAwayServer()
  landscape = await startLandscape(services, {
    postgres: server.url,
    name: server.name,
    directory,
    lake: false,
    log: () => undefined,
  })
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

const operator = ['w', 'explore', 'operate', 'events:read']

async function call(
  path: string,
  {
    body,
    text,
    method,
    scopes = operator,
    subject = 'ada',
  }: {
    readonly body?: unknown
    readonly text?: string
    readonly method?: string
    readonly scopes?: readonly string[]
    readonly subject?: string
  } = {},
) {
  const sent = text ?? (body === undefined ? undefined : JSON.stringify(body))
  const answer = await fetch(new URL(path, landscape.url), {
    method: method ?? (sent === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${await landscape.issuer.sign({ subject, scopes })}`,
      accept: 'application/json',
      'content-type': 'application/json',
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  return { status: answer.status, body: (await answer.json()) as any }
}

it.each([
  ['/rebuild', 404],
  ['/forget', 400],
  ['/clock', 400],
  ['/parked/counts/count', 400],
  ['/rewinds/counts/count', 400],
])('says what was expected where null was sent: %s', async (path, status) => {
  for (const text of ['null', '1', '[]']) expect(await call(path, { text })).toMatchObject({ status })
})

it('answers HEAD where it answers GET', async () => {
  const token = await landscape.issuer.sign({ subject: 'ada', scopes: operator })
  const ask = (method: string) =>
    fetch(new URL('/counts/contract', landscape.url), { method, headers: { authorization: `Bearer ${token}` } })
  const [got, head] = [await ask('GET'), await ask('HEAD')]
  expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, got.headers.get('etag'), ''])
})

/** What had its effect, in order. */
const counted = async (): Promise<number[]> =>
  (await landscape.services.get('counts')!.query('select amount from counted order by number')).map(
    ({ amount }) => amount,
  )

const save = (id: string, amountMinor: number, subject = 'ada') =>
  call(`/pots/pots/${id}/save`, { body: { amountMinor }, subject })

it('looks back: what an entity was, what changed, and who did it', async () => {
  for (const [amountMinor, who] of [
    [5, 'ada'],
    [7, 'bob'],
    [0, 'cleo'],
  ] as const)
    expect((await save('p1', amountMinor, who)).status).toBeLessThan(300)
  const stream = '/pots/streams/pot-p1'
  const { events: kept } = (await call(stream)).body
  expect((await call(`${stream}?at=2`)).body).toEqual({
    stream: 'pot-p1',
    version: 2,
    state: { saved: 12, last: { amountMinor: 7 } },
  })
  expect((await call(`${stream}?at=position:${kept[0].position}`)).body.state.saved).toBe(5)
  expect((await call(`${stream}?at=1999-01-01T00:00:00Z`)).body).toMatchObject({ version: 0, state: { saved: 0 } })
  expect((await call(`${stream}?from=1&to=2`)).body).toEqual({
    stream: 'pot-p1',
    from: 1,
    to: 2,
    changes: [
      { pointer: '/saved', before: 5, after: 12 },
      { pointer: '/last/amountMinor', before: 5, after: 7 },
    ],
  })
  const { body: blamed } = await call(`${stream}?blame=/saved`)
  expect(blamed).toMatchObject({
    event: { version: 2, type: 'Saved', causationId: kept[1].causationId },
    request: { caller: 'bob', target: 'pot/p1', action: 'save', input: { amountMinor: 7 } },
  })
  expect((await call(`${stream}?blame=/last`)).body.request.caller).toBe('cleo')
  expect((await call(`${stream}?blame=/never`)).body.event).toBe(null)
})

it('says of every consumer what it reads, and up to where', async () => {
  const { pots: position } = await landscape.settled()
  const { services: all } = (await call('/status')).body
  expect(all.find(({ service: name }: { service: string }) => name === 'counts').consumers).toMatchObject([
    { name: 'count', reads: [{ service: 'pots', position }] },
  ])
})

it('says what is no moment and what has no state', async () => {
  expect((await call('/pots/streams/pot-p1?at=yesterday')).body).toMatchObject({ status: 400, code: 'HW_MOMENT' })
  const { events: kept } = (await call('/pots/streams/pot-p1')).body
  const request = await call(`/pots/streams/request-${kept[0].causationId}?at=1`)
  expect(request.body).toMatchObject({ status: 404, code: 'HW_NO_SUCH_STATE' })
})

it('opens personal data in what was to nobody without the right to it', async () => {
  await call('/people/people/gia/rename', { body: { name: 'Gia Secret' } })
  const refused = await call('/people/streams/person-gia?at=1')
  expect(refused).toMatchObject({ status: 403, body: { code: 'HW_FORBIDDEN' } })
  expect(JSON.stringify((await call('/people/streams/person-gia')).body)).not.toContain('Gia Secret')
  const opened = await call('/people/streams/person-gia?at=1', { scopes: ['explore', 'personal:read'] })
  expect(opened.body.state).toEqual({ name: 'Gia Secret' })
})

it('shows what a consumer put aside, tries it again, and leaves out what a person says', async () => {
  for (const amountMinor of [13, 1, 666, 2]) await save('unlucky', amountMinor)
  const parked = async () => (await call('/parked/counts/count')).body.parked as { eventId: string; state: string }[]
  await vi.waitFor(async () => expect(await parked()).toHaveLength(4), 15_000)
  expect(await counted()).not.toContain(1)
  // Whichever process holds the key's slot.
  const second = await startLandscape(
    services.filter(({ name }) => name === 'counts'),
    {
      postgres: server.url,
      name: server.name,
      directory,
      lake: false,
      elsewhere: { pots: `${landscape.url}pots/` },
      log: () => undefined,
    },
  )
  const parkedIn = async (one: Landscape) =>
    (await one.status()).find(({ service }) => service === 'counts')!.consumers[0]!.parked
  expect([await parkedIn(landscape), await parkedIn(second)]).toEqual([1, 1])
  await second.stop()
  bad.delete(13)
  expect((await call('/parked/counts/count', { body: { retry: true } })).body.keys).toBe(1)
  await vi.waitFor(async () => expect(await parked()).toHaveLength(2), 15_000)
  const [first, behind] = await parked()
  const skip = (eventId: string) =>
    call('/parked/counts/count', { body: { skip: eventId, service: 'pots', reason: 'a test of luck' } })
  expect((await skip(behind!.eventId)).status).toBe(409)
  expect((await skip(first!.eventId)).status).toBe(200)
  await vi.waitFor(async () => expect(await parked()).toEqual([]), 15_000)
  expect((await counted()).filter((one) => [13, 1, 666, 2].includes(one))).toEqual([13, 1, 2])
  expect((await call('/parked/counts/nobody')).status).toBe(404)
  expect((await call('/parked/counts/count', { body: { skip: 'x' } })).status).toBe(400)
})

it('goes on after a restore as a log of another name', async () => {
  const { store } = landscape.services.get('pots')!
  const [before] = await store.log.lineage()
  const last = await store.log.last()
  expect((await call('/lineages/pots', { body: { at: last + 1 } })).body.code).toBe('HW_POSITION_INVALID')
  const { body } = await call('/lineages/pots', { method: 'POST' })
  expect(body).toMatchObject({ service: 'pots', parent: before!.log, forkedAt: last })
  expect((await save('p2', 3)).status).toBeLessThan(300)
  await landscape.settled()
  expect(await counted()).toContain(3)
})

it('imports an exported log in parts, again where it broke off, and makes the projections', async () => {
  const from = landscape.services.get('pots')!.store
  const to = landscape.services.get('copies')!.store
  const { path, fingerprint: wanted } = await archive(from, join(directory, 'pots.ndjson'))
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  const half = Math.floor(lines.length / 2)
  const part = (begin: number, end: number, last = '') =>
    call(`/imports/copies?after=${begin}${last}`, { text: lines.slice(begin, end).join('\n') })
  expect((await part(half, lines.length)).body.code).toBe('HW_IMPORT_REFUSED')
  expect((await part(0, half)).body).toMatchObject({ imported: half, position: half })
  expect((await part(0, half)).body.position).toBe(half)
  expect((await part(half, lines.length, '&last')).body.position).toBe(lines.length)
  expect(await fingerprint(to)).toEqual({ events: lines.length, fingerprint: wanted })
  const rows = await landscape.services
    .get('copies')!
    .query(`select key, value::int as saved from headwater.rows where projection = 'sums' and key = 'p1'`)
  expect(rows).toEqual([{ key: 'p1', saved: 12 }])
  expect((await call('/imports/copies?after=0', { text: lines.slice(3, 5).join('\n') })).status).toBe(409)
  expect((await call('/imports/copies?after=0', { text: '{"no":"event"}' })).status).toBe(409)
})

it('shows operators, from a service’s home, how far its consumers are, how fast, and what they set aside', async () => {
  const home = async (scopes: readonly string[]) => {
    const token = await landscape.issuer.sign({ subject: 'operator', scopes })
    const headers = { accept: 'application/json', authorization: `Bearer ${token}` }
    return async (path: string) => await fetch(new URL(path, landscape.url), { headers })
  }
  const operator = await home(['operate'])
  const { _links: links } = (await (await operator('/counts/')).json()) as any
  const { _embedded: shown } = (await (await operator(links.consumers.href)).json()) as any
  expect(shown.consumer).toMatchObject([
    { name: 'count', state: 'running', lag: expect.any(Number), handledPerSecond: expect.any(Number) },
  ])
  expect((await operator(shown.consumer[0]._links.parked.href)).status).toBe(200)
  const reader = await home(['events:read'])
  expect(((await (await reader('/counts/')).json()) as any)._links.consumers).toBeUndefined()
  expect((await reader('/counts/consumers')).status).toBe(403)
})

it('lets nobody operate without the right to', async () => {
  for (const path of ['/lineages/pots', '/imports/copies', '/parked/counts/count', '/removals/pots'])
    expect((await call(path, { method: 'POST', scopes: ['explore', 'events:read'] })).status).toBe(403)
  // What was put aside is whole events, and errors in a handler's own words.
  for (const path of ['/parked/counts/count', '/removals/pots'])
    expect((await call(path, { scopes: ['explore', 'events:read'] })).status).toBe(403)
})

it('lists what is in front of every key, however many events wait behind another', async () => {
  bad.add(17)
  for (let amountMinor = 17; amountMinor < 17 + 110; amountMinor++) await save('long', amountMinor)
  await save('late', 17)
  await landscape.settled()
  const { parked } = (await call('/parked/counts/count')).body as { parked: { key: string; state: string }[] }
  expect(parked.filter(({ state }) => state !== 'behind').map(({ key }) => key)).toEqual(['long', 'late'])
  expect(parked.length).toBe(102)
})
