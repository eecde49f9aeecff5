import type { Running, WindDownContext } from '@headwater/service'
import { enter } from '@headwater/service/client'
import type { Landscape } from '@headwater/service/landscape'
import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import accounts from '../accounts/service.ts'
import customers from '../customers/service.ts'
import payments from '../payments/service.ts'
import { payingOut } from './paying-out.ts'
import pots from './service.ts'

let landscape: Landscape
let place: ThrowAwayLandscape
beforeAll(async () => {
  place = await throwAwayLandscape([customers, accounts, payments, pots])
  landscape = place.landscape
})
afterAll(() => place?.drop())

const running = (name: string): Running => landscape.services.get(name)!

async function ask(path: string, body?: unknown) {
  const scopes = ['customers', 'accounts', 'payments', 'pots'].flatMap((name) => [`${name}:read`, `${name}:write`])
  const token = await landscape.issuer.sign({ subject: 'staff', scopes })
  const response = await landscape.handle(
    new Request(new URL(path, landscape.url), {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    }),
  )
  const document = (await response.json()) as any
  expect([path, response.ok, document]).toEqual([path, true, document])
  return document
}
const idOf = (document: any) => document._links.self.href.split('/').at(-1) as string

/** A customer with an account, and a pot with so much in it. */
async function saver(name: string, savedMinor: readonly number[]) {
  const customerId = idOf(await ask('/customers/customers', { name, email: `${name}@example.org`, address: 'Here 1' }))
  const accountId = idOf(await ask('/accounts/accounts', { customerId, name: 'Everyday', initialDepositMinor: 0 }))
  const potId = idOf(await ask('/pots/pots', { customerId }))
  for (const amountMinor of savedMinor) await ask(`/pots/pots/${potId}/save`, { amountMinor })
  return { accountId, potId }
}

/** Dies after so many requests that write; with a half, while the answer of one more is on its way. */
function dying(after: number): WindDownContext {
  const { query, load, surroundings } = running('pots')
  let left = after
  const mortal: typeof fetch = async (input, init) => {
    const writes = new Request(input, init).method === 'POST'
    if (left <= 0) throw new Error('killed before it was sent')
    if (!writes) return await surroundings.fetch(input, init)
    left--
    const answer = await surroundings.fetch(input, init)
    if (left < 0) throw new Error('killed before it was answered')
    return answer
  }
  return {
    query,
    load,
    rows: (projection) =>
      query('select key, value from headwater.rows where projection = $1 order by key', [projection]),
    enter: () => enter(surroundings.entry, { fetch: mortal as any, retries: 0 }) as any,
  }
}

it('pays each customer what was saved, once, however often it is killed and begun again', async () => {
  const savers = [
    { ...(await saver('ann', [250, 300])), savedMinor: 550 },
    { ...(await saver('bob', [1_000_000, 1_000_000, 7])), savedMinor: 2_000_007 },
    { ...(await saver('cyd', [])), savedMinor: 0 },
  ]
  await landscape.settled()
  expect(await payingOut.left(dying(0))).toBe(2)
  let killed = 0
  for (let turn = 0; (await payingOut.left(dying(0))) > 0; turn++)
    await payingOut.act(dying((turn + 1) / 2)).catch(() => killed++)
  expect(killed).toBeGreaterThan(5)

  for (const { accountId, potId, savedMinor } of savers) {
    expect((await ask(`/payments/ledgers/${accountId}`)).balanceMinor).toBe(savedMinor)
    expect((await ask(`/pots/pots/${potId}`)).savedMinor).toBe(0)
  }
  const { entries } = await ask(`/payments/ledgers/${savers[1]!.accountId}/entries`)
  expect(entries.map(({ amountMinor }: { amountMinor: number }) => amountMinor)).toEqual([1_000_000, 1_000_000, 7])
}, 60_000)

it('says whom it cannot pay, and pays the others', async () => {
  const { accountId } = await saver('dan', [100])
  const eve = await saver('eve', [200])
  await landscape.settled()
  await ask(`/accounts/accounts/${accountId}/close`, { reason: 'moved' })
  await landscape.settled()
  await expect(payingOut.act(dying(Infinity))).rejects.toThrow(/has no open account to be paid out to/)
  await payingOut.act(dying(Infinity)).catch(() => undefined)
  expect((await ask(`/payments/ledgers/${eve.accountId}`)).balanceMinor).toBe(200)
  expect(await payingOut.left(dying(0))).toBe(1)
})
