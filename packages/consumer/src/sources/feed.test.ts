import { once } from 'node:events'
import { feed, memoryLog, type MemoryLog } from '@headwater/feed'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { throwAwayDatabase } from '@headwater/testing'
import { consumer, feedSource, runConsumer, type RunningConsumer } from '../index.ts'
import { type Clock, systemClock } from '../clock.ts'
import { openShop, orders, problemsIn, record, type Shop, upTo } from '../../test/orders.ts'
import { contractOf, events } from '@headwater/contract'
import { z } from 'zod'

let shop: Shop
let log: MemoryLog
let running: RunningConsumer[] = []
/** Kept until a test is over: the signal of a request that is garbage never aborts, and who stops would wait for the long poll. */
let asked: Request[] = []
beforeEach(async () => {
  shop = await openShop(throwAwayDatabase)
  log = memoryLog('orders')
})
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()))
  running = []
  asked = []
  await shop.close()
})

const caller = { subject: 'shipping', scopes: ['events:read'] }

function source(failing: () => boolean = () => false, ready = async (_?: AbortSignal | null): Promise<void> => {}) {
  const handle = feed({ log, contract: contractOf(orders), rate: { perSecond: 1e6, burst: 1e6 } })
  return feedSource('http://orders.test/events', {
    async fetch(url, init) {
      if (failing()) throw new TypeError('fetch failed')
      await ready(init?.signal)
      const request = new Request(url, init)
      asked.push(request)
      return await handle(request, { caller })
    },
  })
}

function place(count: number, type = 'Placed'): number {
  return log.append(
    ...Array.from({ length: count }, (_, i) => ({ type, stream: `order-${i % 7}`, data: `{"amount":${i}}` })),
  )
}

function start(from = source(), options = {}): RunningConsumer {
  const one = runConsumer(consumer('shipping', orders, { Placed: record() }, options), {
    source: from,
    keeper: shop.keeper,
    leaseMs: 900,
  })
  running.push(one)
  return one
}

it('handles a feed from its start, over hidden events at its end, without waiting for shown ones', async () => {
  const one = start()
  await one.caughtUp({ orders: place(500) })
  await one.caughtUp({ orders: place(20, 'Secret') })
  await one.caughtUp({ orders: place(3) })
  expect(problemsIn(await shop.effects(), [...upTo(500), 521, 522, 523])).toEqual([])
})

it('waits for a feed that takes its time to answer, over hidden events at its end', async () => {
  // It answers once whoever waits has looked two times more whether it is there.
  let looks = 0
  const looked = new EventTarget()
  const { now, sleep: pause } = systemClock
  const clock: Clock = {
    now,
    sleep: (ms, signal) => {
      if (ms === 200) looked.dispatchEvent(new CustomEvent('look', { detail: ++looks }))
      return pause(ms, signal)
    },
  }
  const ready = async (signal?: AbortSignal | null) => {
    const from = looks
    while (looks < from + 2) await once(looked, 'look', signal ? { signal } : {})
  }
  const one = runConsumer(consumer('shipping', orders, { Placed: record() }), {
    source: source(() => false, ready),
    keeper: shop.keeper,
    clock,
  })
  running.push(one)
  await one.caughtUp({ orders: place(5) })
  await one.caughtUp({ orders: place(20, 'Secret') })
  expect(problemsIn(await shop.effects(), upTo(5))).toEqual([])
})

it('begins at the end, and is set back to a time', async () => {
  place(5)
  const one = start(source(), { from: 'now' })
  await one.caughtUp({ orders: 5 })
  await one.caughtUp({ orders: place(5) })
  expect(problemsIn(await shop.effects(), [6, 7, 8, 9, 10])).toEqual([])
  expect(
    await source().before!({ service: 'orders', time: '2000-01-01T00:00:00Z', signal: AbortSignal.timeout(5_000) }),
  ).toBeUndefined()
  expect(
    await source().before!({ service: 'orders', time: '2900-01-01T00:00:00Z', signal: AbortSignal.timeout(5_000) }),
  ).toMatchObject({ position: 10 })
})

it('shows that the feed is away, and goes on when it is back', async () => {
  let away = true
  const one = start(source(() => away))
  await expect.poll(() => one.status().trouble?.message, { timeout: 10_000 }).toMatch(/cannot be reached: fetch failed/)
  away = false
  await one.caughtUp({ orders: place(10) })
  expect(problemsIn(await shop.effects(), upTo(10))).toEqual([])
  await expect.poll(() => one.status().trouble, { timeout: 10_000 }).toBeUndefined()
})

it('stops, visibly, when a type it wants is not published', async () => {
  place(1)
  const one = runConsumer(consumer('shipping', orders, { Archived: record() }), {
    source: source(),
    keeper: shop.keeper,
  })
  await expect(one.ended).rejects.toMatchObject({ code: 'HW_TYPE_NOT_SHOWN' })
  expect(one.status().state).toBe('failed')
})

const facts = (reads?: number) =>
  events('orders', { Placed: { data: z.object({ cents: z.int() }), ...(reads === undefined ? {} : { reads }) } })

it('reads the published version that its facts name, while another is the oldest', async () => {
  const data = z.object({ amount: z.int() })
  const published = {
    1: { data, from: (one: unknown) => one },
    2: { data, from: ({ amount }: any) => ({ cents: amount }) },
  }
  const both = contractOf(events('orders', { Placed: { data, level: 'published', published } }))
  const handle = feed({ log, contract: both, open: true })
  const from = feedSource('http://orders.test/events', { fetch: (url, init) => handle(new Request(url, init)) })
  const seen: unknown[] = []
  const reading = async (reads?: number) => {
    const see = (data: unknown, { event }: { event: { schemaVersion: number } }) =>
      void seen.push([event.schemaVersion, data])
    const name = `read-${reads ?? 'oldest'}`
    const one = runConsumer(consumer(name, facts(reads), { Placed: see }, { order: 'log' }), {
      source: from,
      keeper: shop.keeper,
    })
    running.push(one)
    await one.caughtUp({ orders: 2 })
  }
  place(2)
  await reading(2)
  await reading()
  expect(seen).toEqual([
    [2, { cents: 0 }],
    [2, { cents: 1 }],
    [1, { amount: 0 }],
    [1, { amount: 1 }],
  ])
})

it('stops, with nothing handled, where a source has another published version', async () => {
  const last = shop.place(3)
  const one = runConsumer(consumer('shipping', facts(2), { Placed: record() }), {
    source: shop.source,
    keeper: shop.keeper,
  })
  await expect(one.ended).rejects.toMatchObject({
    code: 'HW_OTHER_VERSION',
    message: expect.stringContaining('in published version 2, as its facts say (reads), got version 1 at position 1'),
  })
  expect([last, await shop.effects()]).toEqual([3, []])
})

it('goes on from a fork of the log', async () => {
  const one = start(source(), { afterFork: 'go-on' })
  await one.caughtUp({ orders: place(60) })
  await one.stop()
  log.fork(50)
  const last = place(20)
  await start(source(), { afterFork: 'go-on' }).caughtUp({ orders: last })
  expect(
    (await shop.effects())
      .slice(60)
      .map(({ position }) => position)
      .sort((a, b) => a - b),
  ).toEqual(upTo(last).slice(50))
  expect(await shop.keeper.forks('shipping')).toMatchObject([{ forkedAt: 50 }])
})
