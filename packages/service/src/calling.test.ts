import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { action, consumer, decider, events, projection, resource, service, view } from './index.ts'
import { type Landscape, startLandscape } from './landscape.ts'

const counted = z.object({ number: z.int() })
const tills = events('tills', { Counted: { data: counted, level: 'published' } })
const till = decider('till', tills, {
  commands: { count: counted },
  initialState: () => ({ number: 0 }),
  decide: { count: (cmd) => [tills.Counted(cmd)] },
  evolve: { Counted: (_, { number }) => ({ number }) },
})
/** Stumbles over 13. */
const tens = projection('tens', tills, {
  key: () => 'all',
  initial: () => 0,
  on: {
    Counted(sum: number, { number }) {
      if (number === 13) throw new Error('13 brings bad luck')
      return sum + 10 * number
    },
  },
})

const desks = events('desks', { Rung: { data: counted } })
const bell = decider('bell', desks, {
  commands: { ring: counted },
  initialState: () => ({ number: 0 }),
  decide: { ring: (cmd) => [desks.Rung(cmd)] },
  evolve: { Rung: (_, { number }) => ({ number }) },
})
const heard = consumer('hear-tills', tills, { Counted: ({ number }, { run }) => run(bell.ring, 'heard', { number }) })
/** Rings its own bell, and has the till of another service count. */
const desk = view('/desk', async (_, { caller }) => ({ known: caller !== undefined }), {
  links: {},
  actions: {
    sell: action({
      scope: 'desks:write',
      input: counted,
      async act({ number }, { enter, run }) {
        await run(bell.ring, 'own', { number })
        await enter<any>().service('tills').act('till.count', { tillId: 't1', number })
      },
    }),
  },
})
/** Open to everybody, and asks others. */
const window = view('/window', async (_, { enter }) => ({ tills: (await enter<any>().service('tills')).url }), {
  scope: 'anyone',
  links: {},
})

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-calling-'))
  server = await throwAwayServer()
  const place = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
  const counting = { create: 'client', scope: 'tills:write' } as const
  const services = [
    service('tills', {
      facts: tills,
      resources: [resource('/tills/{tillId}', till, { links: {}, actions: { count: counting } })],
      projections: [tens],
    }),
    service('desks', {
      facts: desks,
      resources: [desk, window],
      consumers: [heard],
      scopes: ['tills:read', 'tills:write'],
    }),
  ]
  landscape = await startLandscape(services, place)
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

async function ask(path: string, { body, token, ...headers }: { body?: object; token?: string; traceparent?: string }) {
  return await fetch(new URL(path, landscape.url), {
    headers: {
      accept: 'application/json',
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
}

const tokenOf = (...scopes: string[]) => landscape.issuer.sign({ subject: 'ada', scopes })

/** Trace ids of all events about a number, by service. */
async function traces(number: number) {
  const found: string[] = []
  for (const { store } of landscape.services.values())
    for (const { type, data, traceparent } of await store.log.rows({ after: 0, limit: 1_000 }))
      if (type !== 'RequestReceived' && JSON.parse(data).number === number)
        found.push(`${type} ${traceparent!.split('-')[1]}`)
  return found
}

it('keeps one trace over all that a request causes, in whichever service', async () => {
  const token = await tokenOf('desks:write')
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  await ask('/desks/desk/sell', { body: { number: 1 }, token, traceparent: `00-${trace}-00f067aa0ba902b7-01` })
  await ask('/desks/desk/sell', { body: { number: 2 }, token })
  await landscape.settled()
  expect(await traces(1)).toEqual([`Counted ${trace}`, `Rung ${trace}`, `Rung ${trace}`])
  const made = (await traces(2)).map((one) => one.split(' ')[1])
  expect([made.length, new Set(made).size]).toEqual([3, 1])
})

it('asks no other service in nobody’s name', async () => {
  expect((await ask('/desks/window', { token: await tokenOf() })).status).toBe(200)
  const refused = await ask('/desks/window', {})
  expect([refused.status, await refused.json()]).toMatchObject([401, { code: 'HW_NO_CALLER' }])
})

it('gives no service a name that the landscape answers at itself', async () => {
  for (const name of ['lake', 'status', 'parked', 'live']) {
    const hidden = service(name, { facts: events(name, {}), resources: [] })
    await expect(landscape.mount(hidden)).rejects.toMatchObject({ code: 'HW_SERVICE_NAME_TAKEN' })
  }
})

it('says which projection failed to whoever waits for all to settle', async () => {
  await ask('/tills/tills', { body: { tillId: 't2', number: 13 }, token: await tokenOf('tills:write') })
  await expect(landscape.settled()).rejects.toMatchObject({ code: 'HW_PROJECTION_FAILED', projection: 'tens' })
  const told = await ask('/settle', { body: {}, token: await tokenOf('operate') })
  expect([told.status, await told.json()]).toMatchObject([500, { detail: expect.stringMatching(/tens.*13 brings/) }])
  const [status] = await landscape.status()
  expect(status!.projections).toMatchObject([{ name: 'tens', failure: expect.stringContaining('13 brings') }])
})
