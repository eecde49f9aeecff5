import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contractDocument, contractOf } from '@headwater/contract'
import { brokenBy, compareContracts, type KnownReader } from '@headwater/contract/compare'
import { events, service } from '@headwater/service'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import accounts from './accounts/service.ts'
import customers from './customers/service.ts'
import notifications from './notifications/service.ts'
import { payments as facts } from './payments/events.ts'
import payments from './payments/service.ts'

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-promises-'))
  server = await throwAwayServer()
  const place = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
  landscape = await startLandscape([customers, accounts, payments, notifications], place)
  for (const name of ['ada', 'bob']) {
    const person = { name, email: `${name}@example.org`, address: 'Here 1' }
    const { _links } = await ask('/customers/customers', { body: person })
    const customerId = _links.self.href.split('/').at(-1)
    await ask('/accounts/accounts', { body: { customerId, name: 'Everyday', initialDepositMinor: 1_250 } })
  }
  await landscape.settled()
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

async function answerTo(path: string, { accept = 'application/json', body }: { accept?: string; body?: object }) {
  const scopes = ['events:read', 'explore', 'customers:write', 'accounts:write']
  const token = await landscape.issuer.sign({ subject: 'auditor', scopes })
  return await fetch(new URL(path, landscape.url), {
    headers: { authorization: `Bearer ${token}`, accept, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
}
const ask = async (path: string, { body }: { body?: object } = {}): Promise<any> =>
  await (await answerTo(path, body === undefined ? {} : { body })).json()

/** Types of payments, some said otherwise. */
const saidOtherwise = (types: Record<string, any>) =>
  events('payments', { ...Object.fromEntries(contractOf(facts).types), ...types } as any)
const mountWith = (types: Record<string, any>) =>
  landscape.mount(service('payments', { ...payments, facts: saidOtherwise(types) } as any))

const bodies = async () => {
  const faces = ['application/json', 'application/x-ndjson', 'application/cloudevents-batch+json', 'text/html']
  const texts = await Promise.all(faces.map(async (accept) => (await answerTo('/payments/events', { accept })).text()))
  expect(texts[0]).toContain('Credited')
  return texts
}

it('changes no byte of a feed where an internal field is renamed', async () => {
  const before = await bodies()
  await mountWith({
    LedgerOpened: {
      data: z.object({ accountId: z.string(), customerId: z.string(), limitMinor: z.int() }),
      version: 2,
      upcast: { 1: ({ overdraftMinor, ...rest }: any) => ({ ...rest, limitMinor: overdraftMinor }) },
    },
  })
  expect(await bodies()).toEqual(before)
  await landscape.mount(payments)
})

it('changes no byte of an event whose stored field is renamed behind what is published', async () => {
  const batch = async () =>
    (await answerTo('/payments/events', { accept: 'application/cloudevents-batch+json' })).text()
  const before = await batch()
  const { data } = contractOf(facts).types.get('Credited')!
  const { amountMinor, ...others } = (data as unknown as z.ZodObject<any>).shape
  await mountWith({
    Credited: {
      data: z.object({ ...others, minor: amountMinor }),
      level: 'published',
      key: 'accountId',
      version: 2,
      upcast: { 1: ({ amountMinor: minor, ...rest }: any) => ({ ...rest, minor }) },
      published: {
        1: {
          data,
          // The order of fields is the published one's.
          from: ({ minor, otherAccountId, reference, ...rest }: any) => ({
            ...rest,
            amountMinor: minor,
            otherAccountId,
            reference,
          }),
        },
      },
    },
  })
  expect(await batch()).toBe(before)
  await landscape.mount(payments)
})

it('refuses to drop a published field, by the name of who reads it', async () => {
  const readers = async () => (await ask('/payments/contract/readers')).readers as KnownReader[]
  await vi.waitUntil(
    async () => (await readers()).some(({ name }) => name === 'notifications/tell-of-arrivals'),
    10_000,
  )
  const { data } = contractOf(facts).types.get('Credited')!
  const { reference: _, ...left } = (data as unknown as z.ZodObject<any>).shape
  const dropped = contractDocument(
    contractOf(saidOtherwise({ Credited: { data: z.object(left), level: 'published', key: 'accountId' } })),
    { inside: true },
  )
  const changes = compareContracts(contractDocument(contractOf(facts), { inside: true }), dropped)
  const known = await readers()
  const broken = changes.flatMap((change) => brokenBy(change, known))
  expect(broken).toContainEqual(expect.objectContaining({ reader: 'notifications/tell-of-arrivals' }))
})
