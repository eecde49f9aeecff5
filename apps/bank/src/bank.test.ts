import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bank } from './index.ts'

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-bank-'))
  server = await throwAwayServer()
  landscape = await startLandscape(bank, { postgres: server.url, name: server.name, directory, log: () => undefined })
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

const scopes = ['customers', 'accounts', 'payments', 'cards', 'pots', 'notifications', 'insights'].flatMap((name) => [
  `${name}:read`,
  `${name}:write`,
])

async function call(
  path: string,
  init: { method?: string; body?: unknown; key?: string; scopes?: readonly string[] } = {},
) {
  const token = await landscape.issuer.sign({
    subject: 'ada',
    scopes: init.scopes ?? [...scopes, 'events:read', 'explore'],
  })
  const response = await fetch(new URL(path, landscape.url), {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(init.key === undefined ? {} : { 'idempotency-key': init.key }),
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as any }
}

/** Waits until every consumer of the bank has handled everything that is in the logs now. */
async function settled() {
  const positions = Object.fromEntries(
    await Promise.all(
      [...landscape.services].map(async ([name, { store }]) => [name, await store.log.last()] as const),
    ),
  )
  await Promise.all(
    [...landscape.services.values()].flatMap(({ consumers }) =>
      consumers.map((consumer) => {
        const wanted = Object.fromEntries(
          consumer.status().services.map(({ service }) => [service, positions[service] ?? 0]),
        )
        return consumer.caughtUp(wanted)
      }),
    ),
  )
}

it('finds every service from the entry document', async () => {
  const { body } = await call('/')
  expect(body._links.service.map(({ name }: { name: string }) => name).sort()).toEqual(
    bank.map(({ name }) => name).sort(),
  )
})

it('takes a customer from signing up to a payment that is told of', async () => {
  const home = await call('/customers/')
  expect(home.status).toBe(200)
  const ada = await call('/customers/customers/ada/register', {
    body: { name: 'Ada', email: 'ada@example.org', address: 'Here 1' },
  })
  console.log(ada.status, JSON.stringify(ada.body, null, 1), JSON.stringify(home.body, null, 1))
})
