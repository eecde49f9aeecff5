import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { throwAwayDatabase } from '@headwater/testing'
import { consumer, deliverOutbox, Fatal, Poison, type RunningDelivery, runConsumer } from './index.ts'
import { openShop, orders, record, type Shop, upTo } from '../test/orders.ts'

let shop: Shop
let deliveries: RunningDelivery[] = []
beforeEach(async () => void (shop = await openShop(throwAwayDatabase)))
afterEach(async () => {
  await Promise.all(deliveries.map((one) => one.stop()))
  deliveries = []
  await shop.close()
})

const notify = consumer('notify', orders, {
  async Placed(data, context) {
    await record('notify')(data, context)
    context.outbox({ push: context.event.position, stream: context.event.stream })
  },
})

async function handleAll(count: number): Promise<void> {
  const last = shop.place(count)
  const one = runConsumer(notify, { source: shop.source, keeper: shop.keeper })
  await one.caughtUp({ orders: last })
  await one.stop()
}

type Deliver = Parameters<typeof deliverOutbox>[1]['deliver']

function deliver(make: Deliver, options = {}): RunningDelivery {
  const one = deliverOutbox('notify', {
    keeper: shop.keeper,
    deliver: make,
    everyMs: 20,
    random: () => 0.01,
    ...options,
  })
  deliveries.push(one)
  return one
}

it('makes each effect with the id of its event, those of a key in order, and empties the outbox', async () => {
  await handleAll(100)
  const made: { push: number; stream: string; id: string }[] = []
  const one = deliver((effect, { id }) => void made.push({ ...effect, id }))
  await one.drained()
  const { rows } = await shop.pool.query('select id, position::int from effect')
  const ids = new Map(rows.map(({ id, position }) => [position, id]))
  expect(made.map(({ push }) => push).sort((a, b) => a - b)).toEqual(upTo(100))
  for (const { push, id } of made) expect(id).toBe(ids.get(push))
  for (const stream of new Set(made.map((one) => one.stream))) {
    const pushes = made.filter((one) => one.stream === stream).map(({ push }) => push)
    expect(pushes).toEqual([...pushes].sort((a, b) => a - b))
  }
  expect(one.status()).toMatchObject({ delivered: 100, underWay: 0 })
})

it('tries again what failed, with the same id, while later effects of its key wait', async () => {
  await handleAll(30)
  const tries: [number, string, number][] = []
  const one = deliver((effect, { id, attempt }) => {
    tries.push([effect.push, id, attempt])
    if (effect.push === 3 && attempt < 4) throw new Error('503')
  })
  await one.drained()
  const third = tries.filter(([push]) => push === 3)
  expect(third.map(([, , attempt]) => attempt)).toEqual([1, 2, 3, 4])
  expect(new Set(third.map(([, id]) => id)).size).toBe(1)
  const last = tries.findLastIndex(([push]) => push === 3)
  expect(tries.findIndex(([push]) => push === 13)).toBeGreaterThan(last)
})

it('parks what can never be made; its key waits until a person retries or skips it', async () => {
  await handleAll(30)
  let mended = false
  const made: number[] = []
  const one = deliver((effect) => {
    if (!mended && (effect.push === 3 || effect.push === 14)) throw new Poison('no such phone')
    made.push(effect.push)
  })
  await expect.poll(() => shop.keeper.outbox.counts('notify'), { timeout: 10_000 }).toEqual({ waiting: 3, parked: 2 })
  // Lanes write beside each other, so which came first in the outbox is open.
  const listed = await shop.keeper.outbox.list('notify', { state: 'parked' })
  const parked = listed.toSorted((one, other) => one.position - other.position)
  expect(parked).toMatchObject([
    { position: 3, attempts: 1, error: { message: 'no such phone' } },
    { position: 14, attempts: 1 },
  ])
  mended = true
  expect(await shop.keeper.outbox.skip('notify', { id: parked[1]!.id, reason: 'phone was sold' })).toBe(true)
  expect(await shop.keeper.outbox.retry('notify')).toBe(1)
  await one.drained()
  expect([...made].sort((a, b) => a - b)).toEqual(upTo(30).filter((n) => n !== 14))
})

it('gives an effect to another process when the first does not come back in time', async () => {
  await handleAll(1)
  const seen: AbortSignal[] = []
  deliver(
    (_, { signal }) =>
      new Promise((_, reject) => (seen.push(signal), signal.addEventListener('abort', () => reject(signal.reason)))),
    { leaseMs: 100 },
  )
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(1)
  const attempts: number[] = []
  const second = deliver((_, { attempt }) => void attempts.push(attempt))
  await second.drained()
  expect(seen[0]!.aborted).toBe(true)
  expect(attempts[0]).toBeGreaterThan(1)
})

it('counts the time for an effect from before it was taken: others may count no later', async () => {
  await handleAll(1)
  const outbox = new Proxy(shop.keeper.outbox, {
    get: (target, name) =>
      name === 'take'
        ? async (...args: Parameters<typeof target.take>) => {
            const taken = await target.take(...args)
            vi.advanceTimersByTime(30_000) // on its way for so long
            return taken
          }
        : Reflect.get(target, name).bind(target),
  })
  const seen: AbortSignal[] = []
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    deliver((_, { signal }) => new Promise((_, reject) => (seen.push(signal), (signal.onabort = reject))), {
      keeper: { outbox },
    })
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(1)
    vi.advanceTimersByTime(1)
    expect(seen[0]!.aborted).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})

it('works in the consumer itself, and makes effects as soon as they are committed', async () => {
  const made: number[] = []
  const one = runConsumer(notify, {
    source: shop.source,
    keeper: shop.keeper,
    deliver: (effect) => void made.push(effect.push),
  })
  shop.place(20)
  await expect.poll(() => one.status().delivered, { timeout: 10_000 }).toBe(20)
  expect(made).toHaveLength(20)
  await one.stop()
})

it('stops the consumer when delivering says that going on would do harm', async () => {
  shop.place(5)
  const one = runConsumer(notify, {
    source: shop.source,
    keeper: shop.keeper,
    deliver: () => {
      throw new Fatal('wrong account')
    },
  })
  await expect(one.ended).rejects.toThrow('wrong account')
  expect(one.status().state).toBe('failed')
})
