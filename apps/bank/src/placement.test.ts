import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Service } from '@headwater/service'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { bank } from './index.ts'

const names = ['customers', 'accounts', 'payments', 'notifications']
const placed = bank.filter(({ name }) => names.includes(name))
const scopes = [...names.flatMap((name) => [`${name}:read`, `${name}:write`]), 'payments:reverse', 'explore']

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** A server and a folder that all processes of one landscape share. */
async function ground() {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-placement-'))
  cleanups.push(() => rm(directory, { recursive: true, force: true }))
  const server = await throwAwayServer()
  cleanups.push(() => server.drop())
  return async (
    services: readonly Service[],
    {
      elsewhere = {},
      port = 0,
    }: { readonly elsewhere?: Readonly<Record<string, string>>; readonly port?: number } = {},
  ): Promise<Landscape> => {
    const shared = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
    const landscape = await startLandscape(services, { ...shared, elsewhere, port })
    cleanups.push(() => landscape.stop())
    return landscape
  }
}

/** Someone at a phone: knows the entry URL, and finds the rest. */
function phone(entry: string, sign: Landscape['issuer']['sign']) {
  const call = async (url: string, body?: unknown, key?: string) => {
    const response = await fetch(new URL(url, entry), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${await sign({ subject: 'ada', scopes })}`,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, at: response.url, body: (await response.json()) as any }
  }
  const home = async (service: string): Promise<string> => {
    const { body } = await call('/')
    return new URL(body._links.service.find(({ name }: { name: string }) => name === service).href, entry).href
  }
  const at = async (service: string, path: string) => new URL(path, await home(service)).href
  /** Where a form of a document sends what it is filled with. */
  const form = async (document: string, name: string) => {
    const { body } = await call(document)
    return new URL(body._templates[name].target, document).href
  }
  return { call, at, form }
}

const soon = { timeout: 20_000, interval: 20 }

/**
 * Two customers, two accounts, money in, money over, one payment too large and one sent twice. Each step waits for all that the last one
 * led to, so that the logs may be compared.
 */
async function scenario({ call, at, form }: ReturnType<typeof phone>): Promise<void> {
  const create = async (target: string, input: object, key: string) => {
    const { status, body } = await call(target, input, key)
    expect([status, body]).toEqual([201, expect.anything()])
    return body._links.self.href.split('/').at(-1) as string
  }
  const balance = async (id: string) => (await call(await at('payments', `ledgers/${id}`))).body.balanceMinor as number
  const told = async (id: string): Promise<string[]> =>
    (await call(await at('notifications', `notifications?customerId=${id}`))).body.notifications.map(
      ({ text }: { text: string }) => text,
    )
  const isTold = (id: string, ...texts: string[]) => vi.waitFor(async () => expect(await told(id)).toEqual(texts), soon)
  const person = async (name: string) => {
    const asked = { name, email: `${name}@example.org`, address: 'Here 1' }
    const id = await create(await form(await at('customers', './'), 'customer.register'), asked, `register-${name}`)
    const inbox = await at('notifications', `inboxes/${id}`)
    await vi.waitFor(async () => expect((await call(inbox)).status).toBe(200), soon)
    return id
  }
  const account = async (customerId: string, initialDepositMinor: number, key: string) => {
    const target = await form(await at('accounts', 'accounts'), 'account.open')
    return await create(target, { customerId, name: 'Everyday', initialDepositMinor }, key)
  }

  const [ada, bob] = [await person('ada'), await person('bob')]
  const from = await account(ada, 50_000, 'open-a')
  await isTold(ada, '500.00 arrived: initial deposit')
  const to = await account(bob, 700, 'open-b')
  await isTold(bob, '7.00 arrived: initial deposit')
  expect([await balance(from), await balance(to)]).toEqual([50_000, 700])
  const transfer = await form(await at('payments', './'), 'payment.transfer')
  const pay = (amountMinor: number, reference: string) =>
    call(transfer, { fromAccountId: from, toAccountId: to, amountMinor, reference }, reference)
  expect((await pay(12_50, 'lunch')).status).toBe(201)
  expect((await pay(12_50, 'lunch')).status).toBe(201)
  expect((await pay(99_999, 'yacht')).status).toBe(409)
  expect([await balance(from), await balance(to)]).toEqual([48_750, 1_950])
  await isTold(bob, '12.50 arrived: lunch', '7.00 arrived: initial deposit')
}

/**
 * What the logs say, told apart from names and times: each id becomes the order of its first appearance, over all logs. Requests keep
 * what was asked and answered; their hashes, of ids, are left out.
 */
async function logs(landscapes: readonly Landscape[]) {
  const seen = new Map<string, string>()
  const named = (text: string) =>
    text
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => {
        if (!seen.has(id)) seen.set(id, `id${seen.size}`)
        return seen.get(id)!
      })
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, '')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'time')
      .replaceAll(/"(sealed|inputHash)":"[^"]*"/g, '"$1":"…"')
  const found: Record<string, unknown[]> = {}
  for (const name of names) {
    const { store } = landscapes.map(({ services }) => services.get(name)).find((one) => one !== undefined)!
    const rows = await store.log.rows({ after: 0, limit: 1_000 })
    found[name] = rows.map(({ position, stream, version, type, data }) => ({
      position,
      version,
      type,
      stream: named(stream),
      data: withoutLinks(JSON.parse(named(data))),
    }))
  }
  return found
}

/** Where the services of a link are is a matter of the placement: an answer is compared without. */
function withoutLinks(data: any): unknown {
  if (typeof data?.answer?.body !== 'string') return data
  const { _links, ...body } = JSON.parse(data.answer.body)
  return { ...data, answer: { ...data.answer, body } }
}

/** A port below those that systems hand out by themselves: until it is used, nobody is given it by chance. */
const free = async (): Promise<number> => {
  const port = randomInt(20_000, 32_768)
  const server = createServer()
  const isFree = await new Promise<boolean>((done) => {
    server.once('error', () => done(false))
    server.listen(port, '127.0.0.1', () => done(true))
  })
  if (!isFree) return await free()
  await new Promise((closed) => server.close(closed))
  return port
}

/** From an account on one side to the customer on the other, by the link of its document. */
async function crosses({ call, at, form }: ReturnType<typeof phone>): Promise<void> {
  const target = await form(await at('customers', './'), 'customer.register')
  const registered = await call(target, { name: 'Cleo', email: 'cleo@example.org', address: 'There 2' })
  const customerId = registered.body._links.self.href.split('/').at(-1)
  const open = await form(await at('accounts', 'accounts'), 'account.open')
  const opened = await call(open, { customerId, name: 'Over there', initialDepositMinor: 0 })
  const customer = await call(new URL(opened.body._links.customer.href, open).href)
  expect([customer.status, customer.body]).toEqual([200, expect.objectContaining({ name: 'Cleo' })])
}

it('gives equal logs in one process, in two, and with a service that runs twice', async () => {
  const alone = await ground()
  const one = await alone(placed)
  await scenario(phone(one.url, one.issuer.sign))
  const inOne = await logs([one])
  expect(Object.fromEntries(names.map((name) => [name, inOne[name]!.length > 0]))).toEqual(
    Object.fromEntries(names.map((name) => [name, true])),
  )

  // The two sides name each other: addresses are configuration, known before either starts.
  const apart = await ground()
  const [leftPort, rightPort] = [await free(), await free()]
  const home = (port: number, name: string) => [name, `http://127.0.0.1:${port}/${name}/`] as const
  const [here, there] = [
    ['customers', 'payments'],
    ['accounts', 'notifications'],
  ]
  const of = (wanted: readonly string[]) => placed.filter(({ name }) => wanted.includes(name))
  const left = await apart(of(here), {
    port: leftPort,
    elsewhere: Object.fromEntries(there.map((name) => home(rightPort, name))),
  })
  const right = await apart(of(there), {
    port: rightPort,
    elsewhere: Object.fromEntries(here.map((name) => home(leftPort, name))),
  })
  expect([left.listening.moved, right.listening.moved]).toEqual([false, false])
  await scenario(phone(left.url, left.issuer.sign))
  expect(await logs([left, right])).toEqual(inOne)
  await crosses(phone(left.url, left.issuer.sign))

  // Two of everything on the same databases: consumers share their slots, callers get either.
  const doubled = await ground()
  const first = await doubled(placed)
  const second = await doubled(placed)
  const [asked, other] = [phone(first.url, first.issuer.sign), phone(second.url, second.issuer.sign)]
  let turn = 0
  // Every other call goes to the other process: the path is the same there, and so is what it answers.
  const call: typeof asked.call = (url, ...rest) => {
    const { pathname, search } = new URL(url, first.url)
    return (turn++ % 2 === 0 ? asked : other).call(`${pathname}${search}`, ...rest)
  }
  await scenario({ ...asked, call })
  expect(await logs([first])).toEqual(inOne)
  expect(await logs([second])).toEqual(inOne)
}, 300_000)
