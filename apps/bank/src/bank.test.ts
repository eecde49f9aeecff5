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

it('finds every service from the entry document', async () => {
  const { body } = await call('/')
  expect(body._links.service.map(({ name }: { name: string }) => name).sort()).toEqual(
    bank.map(({ name }) => name).sort(),
  )
})

/** Does what a form of a document says, as any client would. */
async function act(document: any, form: string, input: unknown, key?: string) {
  const { target } = document._templates[form] ?? {}
  if (target === undefined)
    throw new Error(`No form ${form}; there are: ${Object.keys(document._templates ?? {}).join(', ')}`)
  return await call(target, { body: input, ...(key === undefined ? {} : { key }) })
}

const home = async (service: string) => (await call(`/${service}/`)).body
const list = async (service: string) => (await call(`/${service}/${service}`)).body
const idOf = (document: any) => document._links.self.href.split('/').at(-1) as string

async function customer(name: string) {
  const { body, status } = await act(await home('customers'), 'customer.register', {
    name,
    email: `${name}@example.org`,
    address: 'Here 1',
  })
  expect([status, body]).toEqual([201, expect.anything()])
  return idOf(body)
}

async function account(customerId: string, initialDepositMinor: number) {
  const { body } = await act(await list('accounts'), 'account.open', {
    customerId,
    name: 'Everyday',
    initialDepositMinor,
  })
  return idOf(body)
}

const balance = async (accountId: string) => (await call(`/payments/ledgers/${accountId}`)).body.balanceMinor as number

it('takes two customers from signing up to a payment that is told of', async () => {
  const [ada, bob] = [await customer('ada'), await customer('bob')]
  const [from, to] = [await account(ada, 50_000), await account(bob, 0)]
  await landscape.settled()
  expect(await balance(from)).toBe(50_000)

  const pay = { fromAccountId: from, toAccountId: to, amountMinor: 12_50, reference: 'lunch' }
  const first = await act(await home('payments'), 'payment.transfer', pay, 'phone-1')
  const again = await act(await home('payments'), 'payment.transfer', pay, 'phone-1')
  expect([first.status, again.body]).toEqual([201, first.body])
  const other = await act(await home('payments'), 'payment.transfer', { ...pay, amountMinor: 1 }, 'phone-1')
  expect(other.status).toBe(422)

  await landscape.settled()
  expect([await balance(from), await balance(to), await balance('world')]).toEqual([48_750, 1_250, -50_000])
  const told = await call(`/notifications/notifications?customerId=${bob}`)
  expect(told.body.notifications.map(({ text }: { text: string }) => text)).toEqual(['12.50 arrived: lunch'])
  const spent = await call(`/insights/spending?customerId=${ada}`)
  expect(spent.body.months[0]).toMatchObject({ spentMinor: 1_250, payments: 1 })
})

it('keeps a refused request whole, and changes nothing', async () => {
  const [from, to] = [await account(await customer('cleo'), 100), await account(await customer('dan'), 0)]
  await landscape.settled()
  const refused = await act(
    await home('payments'),
    'payment.transfer',
    { fromAccountId: from, toAccountId: to, amountMinor: 101 },
    'too-much',
  )
  expect([refused.status, refused.body.code]).toEqual([409, 'not-enough-money'])
  expect(await balance(from)).toBe(100)
  const { store } = landscape.services.get('payments')!
  const rows = await store.log.rows({ after: 0, limit: 1000, types: ['RequestReceived'] })
  expect(rows.map(({ data }) => JSON.parse(data)).filter(({ refused }) => refused === 'not-enough-money')).toHaveLength(
    1,
  )
})

it('closes the account again when its first deposit is refused', async () => {
  const accountId = await account(await customer('eve'), 2_000_000)
  await landscape.settled()
  const { body } = await call(`/accounts/accounts/${accountId}`)
  expect(body).toMatchObject({ open: false, closedBecause: 'initial deposit refused: deposit-too-large' })
})

it('closes accounts and stops cards of a customer who leaves, without any service calling another', async () => {
  const customerId = await customer('fay')
  const accountId = await account(customerId, 0)
  await landscape.settled()
  const card = await act(await list('cards'), 'card.issue', { accountId, customerId })
  const { body } = await call(`/customers/customers/${customerId}`)
  await act(body, 'deactivate', { reason: 'moving away' })
  await landscape.settled()
  expect((await call(`/accounts/accounts/${accountId}`)).body.open).toBe(false)
  expect((await call(card.body._links.self.href)).body.usable).toBe(false)
})

it('keeps nothing personal in the open, and forgets a person everywhere', async () => {
  const { status, body } = await act(
    await home('customers'),
    'customer.register',
    { name: 'Gia Secret', email: 'gia@example.org', address: 'Hidden 7' },
    'gia',
  )
  expect(status).toBe(201)
  const customerId = idOf(body)
  const again = await act(
    await home('customers'),
    'customer.register',
    { name: 'Gia Secret', email: 'gia@example.org', address: 'Hidden 7' },
    'gia',
  )
  expect(again.body).toEqual(body)
  const { store } = landscape.services.get('customers')!
  const stored = JSON.stringify(await store.log.rows({ after: 0, limit: 5_000 }))
  expect(stored).toContain(customerId)
  expect(stored).not.toMatch(/Gia Secret|gia@example|Hidden 7/)

  await call('/forget', { body: { person: customerId }, scopes: ['operate'] })
  const forgotten = await call(`/customers/customers/${customerId}`)
  expect(JSON.stringify(forgotten.body)).not.toMatch(/Gia Secret|gia@example|Hidden 7/)
})

it('sees every event in one SQL question', async () => {
  const positions = await landscape.settled()
  const { rows } = await landscape.lake!.query(`select count(*) from Debited where reference = 'lunch'`, {
    at: positions,
  })
  expect(rows).toEqual([[1]])
})
