import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adoption, allocationOf } from '@headwater/experiment'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { action, consumer, count, decider, events, experiment, resource, service, view } from './index.ts'
import { type Landscape, startLandscape } from './landscape.ts'

const person = z.object({ personId: z.string(), country: z.string() })
const visits = events('visits', { Visited: { data: person, level: 'published' } })
const tips = events('tips', { Tipped: { data: z.object({ personId: z.string(), tip: z.string() }) } })
const louder = experiment('louder', {
  hypothesis: 'Louder tips make people of one country write more notes.',
  unit: 'personId',
  variants: { quiet: 0, loud: 100 },
  eligible: { country: ['nl', 'be'] },
  primary: count(tips.Tipped, { within: '7d' }),
  decide: { after: '14d', by: '2027-02-01' },
})
const tip = decider('tip', tips, {
  commands: { give: person },
  initialState: () => ({ tip: '' }),
  decide: {
    give: ({ personId, country }, _, { variant }) => [
      tips.Tipped({ personId, tip: variant(louder, personId, { country }) }),
    ],
  },
  evolve: { Tipped: (_, { tip: said }) => ({ tip: said }) },
})
const visit = decider('visit', visits, {
  commands: { come: person },
  initialState: () => ({}),
  decide: { come: (whose) => [visits.Visited(whose)] },
  evolve: { Visited: (state) => state },
})
const desk = view('/desk', async () => ({ open: true }), {
  links: {},
  actions: {
    tip: action({
      scope: 'w',
      input: person,
      act: async (whose, { run }) => void (await run(tip.give, whose.personId, whose)),
    }),
  },
})
const screen = view(
  '/screen/{personId}{?country}',
  async ({ personId, country = '' }, { variant }) => ({ tip: await variant(louder, personId, { country }) }),
  { links: {} },
)
const visiting = service('visits', {
  facts: visits,
  resources: [resource('/visits/{visitId}', visit, { links: {}, actions: { come: { scope: 'w', create: 'client' } } })],
})
const tipping = service('tips', {
  facts: tips,
  resources: [
    resource('/tips/{tipId}', tip, { links: {}, actions: { give: { scope: 'w', create: 'client' } } }),
    desk,
    screen,
  ],
  experiments: [louder],
  consumers: [consumer('welcome', visits, { Visited: (whose, { run }) => run(tip.give, whose.personId, whose) })],
})

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-eligible-'))
  server = await throwAwayServer()
  const options = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
  landscape = await startLandscape([visiting], options)
  // The allocation is there before the service is: it takes up what its log has adopted.
  const before = await landscape.mount(service('tips', { facts: tips, resources: [] }))
  const meta = { correlationId: 'c', causationId: 'c' }
  await before.store.append({ streams: [adoption('tips', allocationOf(louder))], meta })
  await landscape.mount(tipping)
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

async function post(path: string, body: object): Promise<number> {
  const authorization = `Bearer ${await landscape.issuer.sign({ subject: 'ada', scopes: ['w'] })}`
  const headers = { authorization, 'content-type': 'application/json' }
  const url = new URL(path, landscape.url)
  return (await landscape.handle(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }))).status
}
const store = () => landscape.services.get('tips')!.store
const tipOf = async (personId: string) => (await landscape.services.get('tips')!.load(tip, personId)).tip
const exposed = async (personId: string) =>
  (await store().read(`exposure-louder.${personId}`)).map(({ data }) => (data as { attributes?: object }).attributes)

const ways: Record<string, (personId: string, country: string) => Promise<unknown>> = {
  'a request': (tipId, country) => post('/tips/tips', { tipId, personId: tipId, country }),
  'an action of a view': (personId, country) => post('/tips/desk/tip', { personId, country }),
  'the event a consumer handles': async (personId, country) => {
    expect(await post('/visits/visits', { visitId: personId, personId, country })).toBe(201)
    await landscape.settled()
  },
  'a command of the service itself': (personId, country) =>
    landscape.services.get('tips')!.run(tip.give, personId, { personId, country }, 'test'),
}

it.each(Object.keys(ways))('asks a variant by attributes in a decision of %s', async (way) => {
  const [one, other] = [`nl-${Object.keys(ways).indexOf(way)}`, `fr-${Object.keys(ways).indexOf(way)}`]
  await ways[way]!(one, 'nl')
  await ways[way]!(other, 'fr')
  expect([await tipOf(one), await tipOf(other)]).toEqual(['loud', 'quiet'])
  // What it was asked by is kept: the assignment can be computed again.
  expect(await exposed(one)).toEqual([{ country: 'nl' }])
  expect(await exposed(other)).toEqual([])
})

it('shows a screen on when what is known of a unit changes: its first exposure stands', async () => {
  const tipFor = async (country: string) => {
    const authorization = `Bearer ${await landscape.issuer.sign({ subject: 'ada', scopes: ['tips:read'] })}`
    const url = new URL(`/tips/screen/mover?country=${country}`, landscape.url)
    const answer = await landscape.handle(new Request(url, { headers: { authorization } }))
    return [answer.status, ((await answer.json()) as { tip?: string }).tip]
  }
  expect(await tipFor('nl')).toEqual([200, 'loud'])
  await landscape.mount(tipping) // a process that remembers nothing
  expect(await tipFor('be')).toEqual([200, 'loud'])
  expect(await tipFor('fr')).toEqual([200, 'quiet'])
  expect(await exposed('mover')).toEqual([{ country: 'nl' }])
})
