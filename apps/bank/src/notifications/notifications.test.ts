import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import accounts from '../accounts/service.ts'
import { account } from '../accounts/account.ts'
import customers from '../customers/service.ts'
import { customer } from '../customers/customer.ts'
import { subjectFor } from '../customers/speaking.ts'
import { payment } from '../payments/payment.ts'
import payments from '../payments/service.ts'
import { isPushService } from './push-service.ts'
import notifications from './service.ts'

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
let pushService: PushService

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-told-'))
  server = await throwAwayServer()
  pushService = await openPushService()
  process.env['WEB_PUSH_SERVICES'] = pushService.origin
  landscape = await startLandscape([customers, accounts, payments, notifications], {
    postgres: server.url,
    name: server.name,
    directory,
    lake: false,
    log: () => undefined,
  })
})
afterAll(async () => {
  await landscape?.stop()
  pushService?.server.close()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

const run = (service: string, command: unknown, id: string, data: object) =>
  landscape.services.get(service)!.run(command as any, id, data as never, `test-${id}`)

/** A customer with an account of the same name. */
async function arrive(id: string): Promise<void> {
  await run('customers', customer.register, id, { name: id, email: `${id}@example.org`, address: 'Here 1' })
  await run('accounts', account.open, id, { customerId: id, name: id, overdraftMinor: 0, initialDepositMinor: 0 })
  await landscape.settled()
}

let paid = 0
const deposit = (to: string, amountMinor: number, reference: string) =>
  run('payments', payment.deposit, `deposit-${++paid}`, { toAccountId: to, amountMinor, reference })

async function ask(customerId: string, path: string, init: RequestInit = {}): Promise<Response> {
  const subject = subjectFor(customerId)
  const token = await landscape.issuer.sign({ subject, scopes: ['notifications:read', 'notifications:write'] })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers }
  return await fetch(new URL(path, landscape.url), { ...init, headers })
}

interface Line {
  readonly id: number
  readonly text: string
}

/** Reads events of a stream until there are as many as wanted, then hangs up. */
async function hear(answer: Response, wanted: number): Promise<Line[]> {
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const heard: Line[] = []
  let text = ''
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (const [block, id, data] of text.matchAll(/id: (\d+)\nevent: told\ndata: (.*)\n\n/g)) {
      heard.push({ id: Number(id), text: JSON.parse(data!).text })
      text = text.replace(block, '')
    }
    if (heard.length >= wanted) break
  }
  return heard
}

it('tells a customer live of money that arrives, and nobody else', async () => {
  await arrive('ada')
  await arrive('bob')
  const [ada, bob] = await Promise.all(['ada', 'bob'].map((id) => ask(id, '/notifications/live')))
  await deposit('ada', 12_50, 'lunch')
  await deposit('bob', 99, 'sweets')
  expect(await hear(ada!, 1)).toEqual([{ id: 1, text: '12.50 arrived: lunch' }])
  expect(await hear(bob!, 1)).toEqual([{ id: 1, text: '0.99 arrived: sweets' }])
})

it('goes on after Last-Event-ID, with nothing missed or repeated', async () => {
  await arrive('cleo')
  for (const reference of ['one', 'two', 'three']) await deposit('cleo', 100, reference)
  await landscape.settled()
  const heard = hear(await ask('cleo', '/notifications/live', { headers: { 'last-event-id': '1' } }), 3)
  await deposit('cleo', 100, 'four')
  expect(await heard).toEqual([
    { id: 2, text: '1.00 arrived: two' },
    { id: 3, text: '1.00 arrived: three' },
    { id: 4, text: '1.00 arrived: four' },
  ])
})

it('streams only to a customer who is known, and shows one nothing of another', async () => {
  const statuses = await Promise.all([
    fetch(new URL('/notifications/live', landscape.url)),
    ask('ada', '/notifications/live', { headers: { 'last-event-id': 'x' } }),
    ask('bob', '/notifications/notifications?customerId=ada'),
    ask('bob', '/notifications/inboxes/ada'),
    ask('bob', '/notifications/inboxes/ada/markRead', { method: 'POST', body: '{"upTo":1}' }),
  ])
  expect(statuses.map(({ status }) => status)).toEqual([401, 400, 404, 404, 404])
})

it('writes each notification once and in order, while the service is replaced again and again', async () => {
  await arrive('dan')
  const references = Array.from({ length: 30 }, (_, index) => `n${index}`)
  for (const [index, reference] of references.entries()) {
    await deposit('dan', 100, reference)
    if (index % 6 === 3) await landscape.mount(notifications)
  }
  await landscape.settled()
  const { notifications: told } = (await (
    await ask('dan', '/notifications/notifications?customerId=dan')
  ).json()) as any
  expect(told.map(({ number }: { number: number }) => number)).toEqual(references.map((_, index) => 30 - index))
  expect(told.map(({ text }: { text: string }) => text).reverse()).toEqual(
    references.map((reference) => `1.00 arrived: ${reference}`),
  )
})

it('pushes to each browser what was written after it subscribed: encrypted for it alone, signed by the bank, once', async () => {
  await arrive('eve')
  await deposit('eve', 5_00, 'before')
  await landscape.settled()
  const { publicKey } = (await (await ask('eve', '/notifications/push-key')).json()) as any
  const browser = pushService.browser()
  const subscribed = await ask('eve', '/notifications/inboxes/eve/subscribe', {
    method: 'POST',
    body: JSON.stringify(browser.subscription),
  })
  expect(subscribed.status).toBe(200)
  // The first answer is lost after the push was taken, the second is a refusal: it comes again until it is taken for good.
  browser.answers.push('lost', 503)
  await deposit('eve', 12_50, 'Straße 🎈 & "quotes"')
  await browser.taken(3)
  const pushes = browser.pushes.map((push) => ({ ...browser.read(push), topic: push.headers['topic'] }))
  expect(pushes.map(({ text }) => text)).toEqual(Array(3).fill('12.50 arrived: Straße 🎈 & "quotes"'))
  expect(new Set(pushes.map(({ topic }) => topic)).size).toBe(1)
  const written = (
    await landscape.services
      .get('notifications')!
      .store.log.rows({ after: 0, limit: 1_000, types: ['NotificationWritten'] })
  ).at(-1)!
  expect(new Set(pushes.map(({ tag }) => tag))).toEqual(new Set([written.id]))
  expect(() => pushService.browser().read(browser.pushes[0]!)).toThrow()
  expect(vapid(browser.pushes[0]!.headers, publicKey)).toMatchObject({
    aud: pushService.origin,
    sub: 'mailto:bank@example.org',
  })
  expect(Number(browser.pushes[0]!.headers['ttl'])).toBeGreaterThan(0)

  // A browser that is gone is told no more.
  browser.answers.push(410)
  await deposit('eve', 1_00, 'gone')
  await browser.taken(4)
  await eventually(async () => ((await (await ask('eve', '/notifications/inboxes/eve')).json()) as any).browsers === 0)
  await landscape.settled()
  expect(browser.pushes).toHaveLength(4)
})

it('keeps where a browser is reached sealed, and calls no address but a push service', async () => {
  const { store } = landscape.services.get('notifications')!
  const kept = JSON.stringify(await store.log.rows({ after: 0, limit: 10_000 }))
  expect(kept).toContain('PushSubscribed')
  expect(kept).not.toContain(pushService.origin)
  const browser = pushService.browser()
  for (const endpoint of ['http://169.254.169.254/latest', 'https://fcm.googleapis.com.evil.example/x']) {
    const refused = await ask('eve', '/notifications/inboxes/eve/subscribe', {
      method: 'POST',
      body: JSON.stringify({ ...browser.subscription, endpoint }),
    })
    expect(refused.status).toBe(422)
  }
  expect(isPushService('https://updates.push.services.mozilla.com/wpush/v2/x')).toBe(true)
})

/** Asks again after each event of the log: nothing else can make it true. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const { log } = landscape.services.get('notifications')!.store
  for (let seen = await log.last(); !(await holds());) seen = await log.waitFor(seen, { waitMs: 1_000 })
}

interface Push {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Browser {
  readonly subscription: { readonly endpoint: string; readonly p256dh: string; readonly auth: string }
  readonly pushes: Push[]
  /** What the push service answers next; then 201. `lost` hangs up after it was taken. */
  readonly answers: (number | 'lost')[]
  /** Decrypts as RFC 8291 says. */
  read(push: Push): { readonly text: string; readonly tag: string }
  taken(count: number): Promise<void>
}

interface PushService {
  readonly server: Server
  readonly origin: string
  browser(): Browser
}

async function openPushService(): Promise<PushService> {
  const browsers = new Map<string, Browser>()
  const service = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const browser = browsers.get(request.url!)!
    const answer = browser.answers.shift() ?? 201
    browser.pushes.push({ headers: request.headers, body: Buffer.concat(chunks) })
    service.emit('push')
    if (answer === 'lost') request.socket.destroy()
    else response.writeHead(answer).end()
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  const browser = () => {
    const path = `/${randomBytes(12).toString('hex')}`
    const keys = createECDH('prime256v1')
    const auth = randomBytes(16)
    const one: Browser = {
      subscription: {
        endpoint: origin + path,
        p256dh: keys.generateKeys().toString('base64url'),
        auth: auth.toString('base64url'),
      },
      pushes: [],
      answers: [],
      read: ({ headers, body }) => {
        expect(headers['content-encoding']).toBe('aes128gcm')
        return JSON.parse(decrypted(body, keys, auth))
      },
      async taken(count) {
        while (one.pushes.length < count) await once(service, 'push')
      },
    }
    browsers.set(path, one)
    return one
  }
  return { server: service, origin, browser }
}

/** RFC 8188 header (salt, record size, sender's key), RFC 8291 key derivation, one record of AES-128-GCM. */
function decrypted(body: Buffer, keys: ReturnType<typeof createECDH>, auth: Buffer): string {
  const [salt, keyLength] = [body.subarray(0, 16), body[20]!]
  const sender = body.subarray(21, 21 + keyLength)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender])
  const secret = Buffer.from(hkdfSync('sha256', keys.computeSecret(sender), auth, info, 32))
  const derive = (label: string, length: number) =>
    Buffer.from(hkdfSync('sha256', secret, salt, Buffer.from(`Content-Encoding: ${label}\0`), length))
  const record = body.subarray(21 + keyLength)
  const cipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12))
  cipher.setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([cipher.update(record.subarray(0, -16)), cipher.final()])
  return padded.subarray(0, padded.lastIndexOf(2)).toString('utf8')
}

/** The claims of a VAPID header (RFC 8292) whose signature holds under the key that browsers subscribed with. */
function vapid(headers: IncomingHttpHeaders, publicKey: string): Record<string, unknown> {
  const [, token, key] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(headers['authorization']!)!
  expect(key).toBe(publicKey)
  const point = Buffer.from(publicKey, 'base64url')
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'))
  const jwk = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x!, y: y! }, format: 'jwk' })
  const [header, claims, signature] = token!.split('.') as [string, string, string]
  const signed = Buffer.from(`${header}.${claims}`)
  const holds = verify('sha256', signed, { key: jwk, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  expect(holds).toBe(true)
  return JSON.parse(Buffer.from(claims, 'base64url').toString())
}
