import { brokenBy, compareContracts } from '@headwater/contract/compare'
import { type ContractDocument, contractDocument, contractOf } from '@headwater/contract'
import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { consumer, decider, events, only, resource, service } from './index.ts'
import type { Landscape } from './landscape.ts'
import { registerOn } from './reader-register.ts'

const savedData = z.object({ potId: z.string(), amountMinor: z.int(), note: z.string() })
const pots = events('pots', {
  Saved: { data: savedData, level: 'published' },
  Counted: { data: z.object({ count: z.int() }) },
  Tried: { data: z.object({ potId: z.string() }), level: 'experimental', readers: ['lists'], until: '2999-01-01' },
})
const pot = decider('pot', pots, {
  commands: { save: z.object({ amountMinor: z.int() }) },
  initialState: () => ({ saved: 0 }),
  decide: { save: ({ amountMinor }, _, { id }) => [pots.Saved({ potId: id, amountMinor, note: '' })] },
  evolve: {
    Saved: ({ saved }, { amountMinor }) => ({ saved: saved + amountMinor }),
    Counted: (state) => state,
    Tried: (state) => state,
  },
})
/** The same contract as another team wrote it down: without what it does not read. */
const known = events('pots', {
  Saved: { data: savedData.pick({ potId: true, amountMinor: true }), level: 'published' },
})
const handled: string[] = []
const owner = service('pots', {
  facts: pots,
  resources: [
    resource('/pots/{potId}', pot, { links: {}, actions: { save: { scope: 'pots:write', create: 'client' } } }),
  ],
})
const reader = service('lists', {
  facts: events('lists', {}),
  resources: [],
  consumers: [
    consumer('list-pots', known, {
      Saved: ({ potId, ...rest }) => void handled.push(`${potId} ${JSON.stringify(rest)}`),
    }),
    consumer('count-pots', only(pots, 'Saved'), {
      batch: (all) => void handled.push(...all.map(({ data }) => JSON.stringify(data))),
    }),
  ],
})

let landscape: Landscape
let place: ThrowAwayLandscape
beforeAll(async () => {
  place = await throwAwayLandscape([owner, reader])
  landscape = place.landscape
})
afterAll(() => place?.drop())

async function ask(subject: string, scopes: string[], path: string, init: RequestInit = {}) {
  const headers = {
    authorization: `Bearer ${await landscape.issuer.sign({ subject, scopes })}`,
    'content-type': 'application/json',
    ...init.headers,
  }
  return await fetch(new URL(path, landscape.url), { ...init, headers })
}
const contractFor = async (subject: string, scopes: string[]) =>
  (await (await ask(subject, scopes, '/pots/contract')).json()) as ContractDocument

it('shows each caller what is promised to him', async () => {
  expect((await fetch(new URL('/pots/contract', landscape.url))).status).toBe(401)
  expect((await ask('ada', [], '/pots/contract')).status).toBe(403)
  const own = async (subject: string) =>
    Object.keys((await contractFor(subject, ['events:read'])).types).filter((type) => contractOf(pots).types.has(type))
  expect(await own('ada')).toEqual(['Saved'])
  expect(await own('lists')).toEqual(['Saved', 'Tried'])
  const inside = await contractFor('ada', ['events:read', 'explore'])
  expect(inside.types.Counted).toMatchObject({ level: 'internal', stored: { version: 1 } })
  expect(inside.types.Saved!.stored!.schema).toHaveProperty('properties.amountMinor')
})

it('answers that nothing is new to who has the contract', async () => {
  const first = await ask('ada', ['events:read'], '/pots/contract')
  const again = await ask('ada', ['events:read'], '/pots/contract', {
    headers: { 'if-none-match': first.headers.get('etag')! },
  })
  expect([first.status, again.status]).toEqual([200, 304])
  const home = (await (
    await ask('ada', ['events:read'], '/pots/', { headers: { accept: 'application/json' } })
  ).json()) as any
  expect(home._links.contract.href).toBe('/pots/contract')
})

const readers = async () =>
  ((await (await ask('ada', ['events:read'], '/pots/contract/readers')).json()) as any).readers as any[]

it('knows who reads which fields, declared by themselves; somebody who only reads counts as reading everything', async () => {
  await vi.waitFor(async () => expect(await readers()).toHaveLength(2), 10_000)
  expect((await ask('refused', [], '/pots/events')).status).toBe(403)
  expect((await ask('clumsy', ['events:read'], '/pots/events?limit=x')).status).toBe(400)
  await ask('stranger', ['events:read'], '/pots/events')
  await ask('curious', ['events:read', 'explore'], '/pots/events')
  // Declaring, being seen to read and being written down come one after the other, in the reader's own time.
  await vi.waitFor(async () => {
    const found = await readers()
    expect(found.map(({ name, reads }) => [name, reads?.Saved])).toEqual([
      ['lists/count-pots', ['/amountMinor', '/note', '/potId']],
      ['lists/list-pots', ['/amountMinor', '/potId']],
      ['stranger', undefined],
    ])
    expect(found.every(({ lastRead }) => Date.parse(lastRead) > 0)).toBe(true)
  }, 10_000)
})

it('counts nobody twice who was seen at the very moment of declaring', async () => {
  await landscape.services
    .get('pots')!
    .query(`insert into headwater.contract_readers (reader, caller) values ('lists', 'lists')`)
  const names = (await readers()).map(({ name }) => name)
  expect(names).toContain('lists/list-pots')
  expect(names).not.toContain('lists')
})

it('names whom a dropped field would break, and whom not', async () => {
  const { note: _, ...kept } = savedData.shape
  const changed = contractDocument(
    contractOf(events('pots', { ...declared, Saved: { data: z.object(kept), level: 'published' } })),
    { inside: true },
  )
  const [change] = compareContracts(await contractFor('ada', ['events:read', 'explore']), changed).filter(
    ({ type, at }) => type === 'Saved' && at === '/note',
  )
  expect(brokenBy(change!, await readers()).map(({ reader: name }) => name)).toEqual(['lists/count-pots', 'stranger'])
})
const declared = { Counted: { data: z.object({ count: z.int() }) } }

it('hands handlers their data as it is, also while it is observed', async () => {
  const event = pots.Saved({ potId: 'p1', amountMinor: 5, note: '' })
  const meta = { correlationId: 'c', causationId: 'c' }
  await landscape.services.get('pots')!.store.append({ streams: [{ stream: 'pot-p1', events: [event] }], meta })
  await landscape.settled()
  expect(handled.toSorted()).toEqual(['p1 {"amountMinor":5,"note":""}', '{"potId":"p1","amountMinor":5,"note":""}'])
})

it('adds what is observed, and forgets nothing declared', async () => {
  const put = (body: object) =>
    ask('lists', ['events:read'], '/pots/contract/readers/list-pots', { method: 'PUT', body: JSON.stringify(body) })
  await put({ reads: { Saved: ['/potId'] }, observed: { Saved: ['/note'] } })
  await put({ reads: { Saved: ['/potId'] }, observed: { Saved: ['/amountMinor'] } })
  const found = (await readers()).find(({ name }) => name === 'lists/list-pots')
  expect(Object.keys(found.observed.Saved).toSorted()).toEqual(['/amountMinor', '/note'])
  expect((await put({ reads: ['Saved'] })).status).toBe(400)
  // A name of one's own only: the caller is the token's.
  const other = await ask('mallory', ['events:read'], '/pots/contract/readers/list-pots', {
    method: 'PUT',
    body: '{"reads":{}}',
  })
  expect(other.status).toBe(204)
  expect((await readers()).map(({ name }) => name)).toContain('mallory/list-pots')
  expect((await ask('mallory', ['events:read'], '/pots/contract/readers/stranger', { method: 'DELETE' })).status).toBe(
    403,
  )
  expect((await ask('boss', ['operate'], '/pots/contract/readers/stranger', { method: 'DELETE' })).status).toBe(204)
})

it('keeps what it served, and who let what through', async () => {
  const { hash } = await contractFor('ada', ['events:read', 'explore'])
  const { contracts } = (await (await ask('ada', ['explore'], '/pots/contract/served')).json()) as any
  expect(contracts.map((one: any) => one.contract.hash)).toEqual([hash])
  const letThrough = { hash, who: 'ada', why: 'agreed with lists', changes: [] }
  expect(
    (await ask('ci', ['operate'], '/pots/contract/overrides', { method: 'POST', body: JSON.stringify(letThrough) }))
      .status,
  ).toBe(204)
  const { overrides } = (await (await ask('ada', ['explore'], '/pots/contract/overrides')).json()) as any
  expect(overrides).toMatchObject([{ who: 'ada (ci)', why: 'agreed with lists', hash }])
})

it('knows what it serves now for the newest, also when that was served before', async () => {
  const { pool } = landscape.services.get('pots')!.surroundings
  const register = registerOn(pool, Date.now)
  const before = await register.served()
  const present = before.at(-1)!.contract
  const other = contractDocument(contractOf(known), { inside: true })
  await register.serve(other)
  await register.serve(present)
  await register.serve(present)
  const hashes = (await register.served()).map(({ contract }) => contract.hash)
  expect(hashes).toEqual([...before.slice(0, -1).map(({ contract }) => contract.hash), other.hash, present.hash])
})

it('says on the feed since when a type is deprecated: when it was first served so', async () => {
  const feedHeaders = async () => (await ask('ada', ['events:read'], '/pots/events')).headers
  expect((await feedHeaders()).get('deprecation')).toBeNull()
  const { Counted, Tried } = Object.fromEntries(contractOf(pots).types)
  const going = events('pots', {
    Saved: { data: savedData, level: 'deprecated', until: '2999-06-01' },
    Counted: Counted!,
    Tried: Tried!,
  })
  const began = Math.floor(Date.now() / 1_000)
  for (let time = 0; time < 2; time++) await landscape.mount(service('pots', { ...owner, facts: going } as any))
  const since = Number((await feedHeaders()).get('deprecation')!.slice(1))
  expect([since >= began, since <= Date.now() / 1_000]).toEqual([true, true])
  expect((await feedHeaders()).get('sunset')).toBe('Sat, 01 Jun 2999 00:00:00 GMT')
  await landscape.mount(owner)
})
