import { throwAwayDatabase } from '@headwater/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openShop, orders, record, type Shop } from '../test/orders.ts'
import { Budget } from './budget.ts'
import { consumer, type Effects, rewindConsumer, runConsumer, type Tracer } from './index.ts'

let shop: Shop
beforeEach(async () => void (shop = await openShop(throwAwayDatabase)))
afterEach(() => shop.close())

const traceparent = (n: number) => `00-${String(n).padStart(32, '0')}-00f067aa0ba902b7-01`

function collecting() {
  const spans: { name: string; links: readonly string[]; failed: boolean }[] = []
  const tracer: Tracer = {
    start: (name, { links }) => ({ end: (error) => void spans.push({ name, links, failed: error !== undefined }) }),
  }
  return { spans, tracer }
}

it('starts a root span an event, linked to where the event came from, and one span a batch in a replay', async () => {
  const { spans, tracer } = collecting()
  for (const n of [1, 2, 3]) {
    shop.source.append('orders', { type: 'Placed', stream: 'order-1', data: {}, traceparent: traceparent(n) })
  }
  let failures = 0
  const shipping = consumer('shipping', orders, {
    async Placed(data, context) {
      if (context.event.position === 2 && failures++ === 0) throw new Error('once')
      await record()(data, context)
    },
  })
  const options = { source: shop.source, keeper: shop.keeper, tracer, random: () => 0.01 }
  const first = runConsumer(shipping, options)
  await first.caughtUp({ orders: 3 })
  await expect.poll(async () => (await shop.effects()).length, { timeout: 10_000 }).toBe(3)
  await first.stop()
  expect(spans.filter(({ failed }) => failed)).toEqual([
    { name: 'shipping Placed', links: [traceparent(2)], failed: true },
  ])
  expect(spans.filter(({ failed }) => !failed).map(({ links }) => links)).toContainEqual([traceparent(3)])

  await rewindConsumer(shipping, { source: shop.source, keeper: shop.keeper, to: 'start' })
  spans.length = 0
  const again = runConsumer(shipping, options)
  await again.caughtUp({ orders: 3 })
  await again.stop()
  expect(spans).toEqual([{ name: 'shipping replay', links: [], failed: false }])
})

it('runs commands in the transaction of the effect, says what caused them, and holds them in a replay', async () => {
  const ran: unknown[] = []
  const effects: Effects = {
    transact: (work) =>
      shop.keeper.effects.transact((tx) =>
        work({
          query: (sql, params) => tx.query(sql, params),
          run: async (command, id, data, cause) => ran.push([command, id, data, cause.position]),
        }),
      ),
  }
  const close = (data: { reason: string }) => data
  const answers: unknown[] = []
  const closing = consumer('closing', orders, {
    async Cancelled(_, { run, event }) {
      answers.push(await run(close, event.stream, { reason: 'cancelled' }))
    },
  })
  shop.source.append('orders', { type: 'Cancelled', stream: 'order-9', data: {} })
  const options = { source: shop.source, keeper: shop.keeper, effects }
  const first = runConsumer(closing, options)
  await first.caughtUp({ orders: 1 })
  await first.stop()
  await rewindConsumer(closing, { source: shop.source, keeper: shop.keeper, to: 'start' })
  const again = runConsumer(closing, options)
  await again.caughtUp({ orders: 1 })
  await again.stop()
  expect(ran).toEqual([[close, 'order-9', { reason: 'cancelled' }, 1]])
  expect(answers).toEqual([1, { kind: 'held' }])
})

it('stops, and says what to give it, when a handler runs commands in transactions that cannot', async () => {
  shop.source.append('orders', { type: 'Cancelled', stream: 'order-9', data: {} })
  const one = runConsumer(
    consumer('closing', orders, { Cancelled: (_, { run }) => run((data: object) => data, 'x', {}) }),
    { source: shop.source, keeper: shop.keeper },
  )
  await expect(one.ended).rejects.toThrow(/Give runConsumer `effects`/)
})

it('counts what is read and not handled in events and in bytes; one event always fits', async () => {
  const budget = new Budget({ events: 10, bytes: 100 })
  budget.take(5_000)
  expect(budget.spent).toBe(true)
  const waiting = budget.room()
  budget.give(5_000)
  await waiting
  for (let n = 0; n < 10; n++) budget.take(1)
  expect(budget.spent).toBe(true)
  budget.give(1)
  expect(budget.spent).toBe(false)
  budget.take(95)
  expect(budget.spent).toBe(true)
})
