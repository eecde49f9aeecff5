import { request } from 'node:http'
import { allocationFacts, allocationOf } from '@headwater/experiment'
import { service } from '@headwater/service'
import type { Landscape } from '@headwater/service/landscape'
import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { customer } from '../customers/customer.ts'
import { subjectFor } from '../customers/speaking.ts'
import { bank } from '../index.ts'
import { proposing } from './proposing.ts'

let landscape: Landscape
let place: ThrowAwayLandscape

beforeAll(async () => {
  const needed = bank.filter(({ name }) => !['cards', 'insights', 'experiments'].includes(name))
  place = await throwAwayLandscape([started, ...needed])
  landscape = place.landscape
})
afterAll(() => place?.drop())

/** In the place of the service that keeps experiments: has started this one. */
const started = service('experiments', {
  facts: allocationFacts,
  resources: [],
  async start({ store }) {
    const event = { type: 'AllocationChanged', data: allocationOf(proposing) }
    const streams = [{ stream: `experiment-${proposing.name}`, expected: 'any' as const, events: [event] }]
    await store.append({ streams, meta: { correlationId: 'start', causationId: 'start' } })
  },
})

/** A phone that knows one URL, and keeps its cookie like a browser. */
class Phone {
  cookie = ''

  async ask(url: string, init: RequestInit = {}): Promise<{ status: number; headers: Headers; body: any }> {
    const headers = { accept: 'application/hal+json', cookie: this.cookie, ...init.headers }
    const answer = await fetch(new URL(url, landscape.url), { ...init, headers })
    const set = answer.headers.get('set-cookie')
    if (set !== null) this.cookie = set.split(';')[0]!
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }

  /** A screen, by its relation from the one entry document. */
  async see(screen: string, variables: Record<string, string> = {}) {
    const home = await this.ask('/phone/')
    const href = (home.body._links[screen].href as string).replace(/\{(\w+)\}/, (_, name) => variables[name]!)
    return (await this.ask(href)).body
  }

  async act(screen: string, form: string, input: object, key: string = crypto.randomUUID()) {
    const { target } = (await this.see(screen))._templates[form]
    return await this.send(target, input, key)
  }

  send(target: string, input: object, key: string) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key }
    return this.ask(target, { method: 'POST', headers, body: JSON.stringify(input) })
  }
}

const person = (handle: string) => ({
  name: `${handle} Person`,
  email: `${handle}@example.org`,
  address: 'Here 1',
  handle,
})

async function arrive(handle: string, initialDepositMinor: number): Promise<{ phone: Phone; accountId: string }> {
  const phone = new Phone()
  expect((await phone.act('session', 'signUp', person(handle))).status).toBe(200)
  expect((await phone.act('accounts', 'openAccount', { name: 'Everyday', initialDepositMinor })).status).toBe(200)
  await landscape.settled()
  return { phone, accountId: (await phone.see('accounts')).accounts[0].accountId }
}

it('takes a visitor from one URL to an account with money in it', async () => {
  const { phone } = await arrive('ada', 100_00)
  const accounts = await phone.see('accounts')
  expect(accounts).toMatchObject({ name: 'ada Person', handle: 'ada', totalMinor: 100_00, unread: 1 })
  expect((await phone.see('told')).notifications).toMatchObject([
    { text: '100.00 arrived: initial deposit', number: 1 },
  ])
})

it('lets a visitor do nothing but sign up', async () => {
  const stranger = new Phone()
  const { _templates, ...session } = await stranger.see('session')
  expect([session.signedIn, Object.keys(_templates)]).toEqual([false, ['signUp']])
  for (const screen of ['accounts', 'pay', 'pots', 'told']) expect((await stranger.see(screen)).status).toBe(403)
  expect((await stranger.ask('/phone/live')).status).toBe(401)
  stranger.cookie = `__Secure-phone-session=${'x'.repeat(43)}`
  expect((await stranger.see('session')).signedIn).toBe(false)
})

it('signs up once, whichever answer was lost, and gives the session again', async () => {
  const [phone, again] = [new Phone(), new Phone()]
  const first = await phone.act('session', 'signUp', person('bea'), 'sign-up-bea')
  expect(first.headers.get('set-cookie')).toMatch(/Path=\/phone; Max-Age=7776000; HttpOnly; Secure; SameSite=Strict$/)
  await again.act('session', 'signUp', person('bea'), 'sign-up-bea')
  expect(again.cookie).toBe(phone.cookie)
  const { log } = landscape.services.get('customers')!.store
  const registered = await log.rows({ after: 0, limit: 1_000, types: ['CustomerRegistered'] })
  await phone.act('session', 'signUp', person('bea'), 'sign-up-bea').catch(() => undefined)
  expect((await log.rows({ after: 0, limit: 1_000, types: ['CustomerRegistered'] })).length).toBe(registered.length)
  const kept = JSON.stringify(await landscape.services.get('phone')!.store.log.rows({ after: 0, limit: 1_000 }))
  expect(kept).not.toContain(phone.cookie.split('=')[1])
})

it('registers nobody for a key under which somebody else signed up', async () => {
  await new Phone().act('session', 'signUp', person('abe'), 'weak')
  const { log } = landscape.services.get('customers')!.store
  const registered = async () => (await log.rows({ after: 0, limit: 1_000, types: ['CustomerRegistered'] })).length
  const before = await registered()
  const [another, same] = [person('ben'), { ...person('abe'), name: 'Somebody Else' }]
  for (const other of [another, same])
    expect(await new Phone().act('session', 'signUp', other, 'weak')).toMatchObject({
      status: 422,
      body: { code: 'HW_IDEMPOTENCY_KEY_REUSED' },
    })
  expect(await registered()).toBe(before)
})

it('gives a name to one customer only', async () => {
  await arrive('cas', 0)
  const refused = await new Phone().act('session', 'signUp', person('cas'))
  expect([refused.status, refused.body.code]).toEqual([409, 'handle-taken'])
})

it('pays by name, once for each key, and says why not in the words of who refused', async () => {
  const [{ phone: dee }, { phone: eli }] = [await arrive('dee', 50_00), await arrive('eli', 0)]
  const [{ accountId: fromAccountId }] = (await dee.see('accounts')).accounts
  const pay = { fromAccountId, to: 'eli', amountMinor: 12_50, reference: 'lunch' }
  const paid = await Promise.all([1, 2, 3].map(() => dee.act('pay', 'pay', pay, 'tapped-thrice')))
  expect(paid.map(({ status }) => status)).toEqual([200, 200, 200])
  expect((await dee.see('accounts')).totalMinor).toBe(37_50)
  expect((await eli.see('accounts')).totalMinor).toBe(12_50)
  const account = await dee.see('account', { accountId: fromAccountId })
  expect(account.entries[0]).toMatchObject({ amountMinor: -12_50, other: 'eli', reference: 'lunch' })
  for (const [change, code] of [
    [{ amountMinor: 37_51 }, 'not-enough-money'],
    [{ to: 'nobody_here' }, 'no-such-payee'],
  ] as const) {
    const refused = await dee.act('pay', 'pay', { ...pay, ...change })
    expect([refused.status, refused.body.code]).toEqual([409, code])
  }
})

it('cannot be made to show or move what is somebody else’s', async () => {
  const [{ phone: fay, accountId }, { phone: gus, accountId: other }] = [
    await arrive('fay', 0),
    await arrive('gus', 9_00),
  ]
  expect((await fay.see('account', { accountId: other })).status).toBe(404)
  const stolen = await fay.act('pay', 'pay', { fromAccountId: other, to: 'fay', amountMinor: 1, reference: '' })
  expect([stolen.status, stolen.body.code]).toEqual([409, 'not-yours'])
  expect((await gus.see('accounts')).totalMinor).toBe(9_00)
  expect((await fay.see('account', { accountId })).accountId).toBe(accountId)
  const foreign = await fay.ask('/phone/pots/openPot', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' },
    body: '{}',
  })
  expect(foreign.status).toBe(403)
})

it('puts money aside', async () => {
  const { phone } = await arrive('hal', 0)
  const { body } = await phone.act('pots', 'openPot', {})
  const { potId } = body.pots[0]
  const saved = await phone.act('pots', 'save', { potId, amountMinor: 5_00 }, 'save-once')
  await phone.act('pots', 'save', { potId, amountMinor: 5_00 }, 'save-once')
  expect([saved.body.totalMinor, (await phone.see('pots')).totalMinor]).toEqual([5_00, 5_00])
})

it('exposes a screen’s variant before it answers, once, and keeps what the phone saw of it once', async () => {
  const [{ phone: ida }] = [await arrive('ida', 50_00), await arrive('joe', 0)]
  const { log } = landscape.services.get('phone')!.store
  const adopted = () => log.rows({ after: 0, limit: 1, types: ['AllocationAdopted'] })
  for (let seen = await log.last(); (await adopted()).length === 0;) seen = await log.waitFor(seen, { waitMs: 1_000 })
  const exposed = async (type: string) =>
    (await log.rows({ after: 0, limit: 5_000, types: [type] }))
      .map(({ data }) => JSON.parse(data))
      .filter(({ unit }) => unit === customerId)
  const customerId = (
    await landscape.services
      .get('phone')!
      .query(`select key from headwater.rows where projection = 'handles' and value = '"ida"'`)
  )[0].key
  expect([(await ida.see('pay')).payees, await exposed('ExperimentExposed')]).toEqual([[], []])
  const [{ accountId: fromAccountId }] = (await ida.see('accounts')).accounts
  await ida.act('pay', 'pay', { fromAccountId, to: 'joe', amountMinor: 100, reference: '' })
  const screens = await Promise.all([1, 2, 3].map(() => ida.see('pay')))
  const { variant } = screens[0].experiment
  expect(new Set(screens.map(({ payees }) => payees.join()))).toEqual(new Set([variant === 'proposed' ? 'joe' : '']))
  expect(await exposed('ExperimentExposed')).toMatchObject([
    { experiment: 'payees-proposed', unit: customerId, variant },
  ])
  for (const key of ['seen-1', 'seen-1']) await ida.act('pay', 'report', { variant, what: 'seen' }, key)
  expect(await exposed('VariantSeen')).toMatchObject([{ variant, what: 'seen' }])
})

it('ends a session when it is told to, and all of them when the customer leaves', async () => {
  const { phone } = await arrive('kim', 0)
  const { cookie } = phone
  await phone.act('session', 'signOut', {})
  phone.cookie = cookie
  expect((await phone.see('session')).signedIn).toBe(false)

  const { phone: lea } = await arrive('lea', 0)
  const customers = landscape.services.get('customers')!
  const [{ key: id }] = await landscape.services
    .get('phone')!
    .query(`select key from headwater.rows where projection = 'handles' and value = '"lea"'`)
  await customers.run(customer.deactivate, id, { reason: 'moving away' }, 'test')
  await landscape.settled()
  expect((await lea.see('session')).signedIn).toBe(false)
  expect(subjectFor(id)).toBe(`customer:${id}`)
})

it('bounds how many join from one address, and lets others in meanwhile', async () => {
  const { target } = (await new Phone().see('session'))._templates.signUp
  const join = (localAddress: string) =>
    new Promise<{ status: number; wait: string | undefined }>((resolve, reject) => {
      const sent = request(new URL(target, landscape.url), {
        method: 'POST',
        localAddress,
        headers: { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
      })
      sent.once('error', reject).once('response', (answer) => {
        answer.resume()
        resolve({ status: answer.statusCode!, wait: answer.headers['retry-after'] })
      })
      sent.end(JSON.stringify(person('many')))
    })
  const began = performance.now()
  const from = await Promise.all(Array.from({ length: 32 }, () => join('127.0.0.2')))
  const passed = (performance.now() - began) / 1_000
  const waits = from.filter(({ status }) => status === 429).map(({ wait }) => Number(wait))
  // A minute, less what has gone by since the first was let in.
  expect(waits.map((wait) => wait <= 60 && wait >= Math.floor(60 - passed))).toEqual([true, true])
  expect((await join('127.0.0.3')).status).toBe(409)
})
