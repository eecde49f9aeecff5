import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import accounts from './accounts/service.ts'
import cards from './cards/service.ts'
import { subjectFor } from './customers/speaking.ts'
import customers from './customers/service.ts'
import payments from './payments/service.ts'

const services = [customers, accounts, payments, cards]
let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-access-'))
  server = await throwAwayServer()
  const place = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
  landscape = await startLandscape(services, place)
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

/** Everybody here has every scope there is: what is refused is refused because of whose it is. */
const scopes = [...services.flatMap(({ name }) => [`${name}:read`, `${name}:write`]), 'payments:reverse']

async function ask(subject: string, path: string, body?: object) {
  const token = await landscape.issuer.sign({ subject, scopes })
  const answer = await fetch(new URL(path, landscape.url), {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as any }
}

const idOf = ({ body }: { body: any }) => body._links.self.href.split('/').at(-1) as string
const staff = 'teller'

/** A customer with an account that has money on it, and a card. */
async function banking(name: string) {
  const person = { name, email: `${name}@example.org`, address: 'Here 1' }
  const customerId = idOf(await ask(staff, '/customers/customers', person))
  const me = subjectFor(customerId)
  const opening = { customerId, name: 'Everyday', initialDepositMinor: 1_000 }
  const accountId = idOf(await ask(me, '/accounts/accounts', opening))
  await landscape.settled()
  const cardId = idOf(await ask(me, '/cards/cards', { customerId, accountId }))
  return { customerId, me, accountId, cardId }
}

it('shows a payment to who paid and who was paid, each with the way to the own ledger alone', async () => {
  const [ada, bob, eve] = [await banking('ada'), await banking('bob'), await banking('eve')]
  const transfer = { fromAccountId: ada.accountId, toAccountId: bob.accountId, amountMinor: 300 }
  const form = (await ask(ada.me, '/payments/')).body._templates['payment.transfer'].target as string
  const path = `/payments/payments/${idOf(await ask(ada.me, form, transfer))}`
  const seen = await Promise.all([ada, bob].map(({ me }) => ask(me, path)))
  expect(seen.map(({ body: { _links: links } }) => [links.from !== undefined, links.to !== undefined])).toEqual([
    [true, false],
    [false, true],
  ])
  expect(JSON.stringify(seen[0])).not.toContain(bob.customerId)
  expect((await ask(staff, path)).body._links).toMatchObject({ from: expect.anything(), to: expect.anything() })
  expect((await ask(eve.me, path)).status).toBe(404)
  expect((await ask(eve.me, `${path}/reverse`, { reason: 'mine' })).status).toBe(404)
  expect((await ask(ada.me, `${path}/reverse`, { reason: 'sorry' })).body.code).toBe('not-yours')
  expect((await ask(bob.me, `${path}/reverse`, { reason: 'not for me' })).status).toBe(200)
})

it('shows cards, accounts and ledgers to whose they are, and lets nobody else act on them', async () => {
  const [ada, eve] = [await banking('ada'), await banking('eve')]
  const places = [
    `/cards/cards/${ada.cardId}`,
    `/cards/cards?accountId=${ada.accountId}`,
    `/accounts/accounts/${ada.accountId}`,
    `/accounts/accounts?customerId=${ada.customerId}`,
    `/payments/ledgers/${ada.accountId}`,
    `/payments/ledgers/${ada.accountId}/entries`,
  ]
  for (const place of places) {
    expect([place, (await ask(ada.me, place)).status]).toEqual([place, 200])
    expect([place, (await ask(eve.me, place)).status]).toEqual([place, 404])
  }
  expect((await ask(eve.me, `/cards/cards/${ada.cardId}/stop`, { reason: 'x' })).status).toBe(404)
  const { customerId, accountId } = ada
  expect((await ask(eve.me, '/cards/cards', { customerId, accountId })).body.code).toBe('not-yours')
  expect((await ask(eve.me, '/cards/cards', { customerId: eve.customerId, accountId })).body.code).toBe('not-yours')
  expect((await ask(ada.me, `/cards/cards/${ada.cardId}`)).body.usable).toBe(true)
})

it('opens no account and issues no card once the customer has left, also while leaving', async () => {
  const fay = await banking('fay')
  const { customerId } = fay
  await ask(staff, `/customers/customers/${customerId}/deactivate`, { reason: 'moving away' })
  const opened: string[] = []
  for (;;) {
    const more = await ask(staff, '/accounts/accounts', { customerId, name: 'Late' })
    if (more.body.code === 'customer-left') break
    opened.push(idOf(more))
    await ask(staff, '/cards/cards', { customerId, accountId: fay.accountId })
  }
  await landscape.settled()
  for (const accountId of [fay.accountId, ...opened]) {
    expect((await ask(staff, `/accounts/accounts/${accountId}`)).body.open).toBe(false)
    const { body } = await ask(staff, `/cards/cards?accountId=${accountId}`)
    expect(body.cards.filter(({ usable }: { usable: boolean }) => usable)).toEqual([])
    expect((await ask(staff, '/cards/cards', { customerId, accountId })).body.code).toBe('account-not-open')
  }
})
