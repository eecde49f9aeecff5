import { contractOf } from '@headwater/contract'
import { throwAwayDatabase } from '@headwater/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { openShop, orders, problemsIn, record, type Shop, upTo } from '../../test/orders.ts'
import { TopicWriter } from '../../test/topic.ts'
import { consumer, LogForked, runConsumer, slotOf, SLOTS, type SourcePage } from '../index.ts'
import { memoryKafka } from './kafka/memory.ts'
import { kafkaSource } from './kafka.ts'

const types = [...contractOf(orders).types.keys()]
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

const event = (position: number, stream = `order-${position % 7}`) => ({
  position,
  id: `e${position}`,
  type: 'Placed',
  stream,
  data: { amount: position },
})
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index))

function ordersTopic(partitions = 4) {
  const kafka = memoryKafka()
  return { kafka, topic: new TopicWriter(kafka, 'orders', partitions), source: kafkaSource({ client: kafka }) }
}

const from = (position: number) => new Map(Array.from({ length: SLOTS }, (_, slot) => [slot, position]))

/** Reads until the pages satisfy; the positions seen, in the order given. */
async function read(
  source: ReturnType<typeof kafkaSource>,
  request: { after?: number; log?: string; positions?: ReadonlyMap<number, number> },
  enough: (seen: readonly number[], pages: readonly SourcePage[]) => boolean,
): Promise<{ seen: number[]; pages: SourcePage[] }> {
  const ending = new AbortController()
  const seen: number[] = []
  const pages: SourcePage[] = []
  const after = request.after ? { log: request.log ?? 'log-1', position: request.after, id: '' } : 'start'
  const positions = request.positions ?? from(request.after ?? 0)
  for await (const page of source.read({ service: 'orders', after, types, signal: ending.signal, positions })) {
    pages.push(page)
    seen.push(...page.events.map(({ position }) => position))
    if (enough(seen, pages)) break
  }
  ending.abort()
  return { seen, pages }
}

it('gives every event once, each partition in the order of the log', async () => {
  const { topic, source } = ordersTopic()
  topic.write(...range(1, 100))
  const { seen, pages } = await read(source, {}, (all) => all.length === 100)
  expect(seen.toSorted((a, b) => a - b)).toEqual(range(1, 100).map(({ position }) => position))
  for (const { events, from: first, to, slots } of pages) {
    const positions = events.map(({ position }) => position)
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    expect(positions.every((position) => position >= first && position <= to)).toBe(true)
    expect(events.every(({ stream }) => slots!.has(slotOf(stream)))).toBe(true)
  }
})

it('begins anew by position in a topic that was deleted and made again', async () => {
  const { kafka, topic, source } = ordersTopic(1)
  topic.write(...range(1, 100))
  await read(source, {}, (all) => all.length === 100)
  const remade = new TopicWriter(kafka, 'orders', 1)
  remade.write(...range(61, 180))
  const { seen } = await read(source, { after: 100 }, (all) => all.at(-1) === 180)
  expect(seen).toEqual(range(101, 180).map(({ position }) => position))
})

it('stops reading a topic that is made again meanwhile', async () => {
  const { kafka, topic, source } = ordersTopic(1)
  topic.write(...range(1, 100))
  const remaking = read(source, {}, (all) => {
    if (all.length === 100) new TopicWriter(kafka, 'orders', 1).write(...range(61, 180))
    return all.length > 100
  })
  await expect(remaking).rejects.toMatchObject({ code: 'HW_KAFKA_MADE_AGAIN' })
})

it('takes no heartbeat for proof that speaks of a topic which is gone', async () => {
  const { kafka, topic, source } = ordersTopic(1)
  topic.write(event(1))
  topic.heartbeat(9, 'e9', { topicId: 'gone' })
  topic.heartbeat(5, 'e5', { topicId: (await kafka.topicId('headwater.orders'))! })
  const { pages } = await read(source, {}, (_, all) => all.at(-1)!.to > 1)
  expect(pages.at(-1)!.to).toBe(5)
})

it.each([1, 37, 99])('begins behind position %i wherever that lies in the topic', async (after) => {
  const { topic, source, kafka } = ordersTopic()
  topic.write(...range(1, 100))
  const { seen } = await read(source, { after }, (all) => all.length === 100 - after)
  expect(seen.toSorted((a, b) => a - b)).toEqual(range(after + 1, 100).map(({ position }) => position))
  expect(kafka.fetches).toBeLessThan(40)
})

it('drops by position what an at-least-once writer wrote twice', async () => {
  const { topic, source } = ordersTopic()
  topic.write(...range(1, 50), ...range(20, 50), ...range(35, 60))
  const whole = await read(source, {}, (all) => all.length === 60)
  expect(whole.seen.toSorted((a, b) => a - b)).toEqual(range(1, 60).map(({ position }) => position))
  for (const after of [10, 19, 34, 40, 50]) {
    const { seen } = await read(
      kafkaSource({ client: ordersWith(range(1, 50), range(20, 50), range(35, 60)) }),
      { after },
      (all) => all.length === 60 - after,
    )
    expect(seen.toSorted((a, b) => a - b)).toEqual(range(after + 1, 60).map(({ position }) => position))
  }
})

function ordersWith(...runs: ReturnType<typeof range>[]) {
  const { kafka, topic } = ordersTopic()
  for (const run of runs) topic.write(...run)
  return kafka
}

it('passes over what has no event here only when a heartbeat proves the partition complete', async () => {
  const { topic, source } = ordersTopic()
  topic.write(event(1, 'order-1'))
  topic.heartbeat(9, 'hidden')
  const { pages } = await read(
    source,
    {},
    (_, all) => new Set(all.filter(({ to }) => to === 9).flatMap(({ slots }) => [...slots!])).size === SLOTS,
  )
  for (const page of pages.filter(({ to }) => to === 9)) {
    expect(page).toMatchObject({ events: [], cursor: { log: 'log-1', position: 9, id: 'hidden' } })
  }
})

it('takes no heartbeat for proof that speaks of another topic of the same feed', async () => {
  const { topic, source } = ordersTopic(1)
  topic.write(...range(1, 3))
  topic.heartbeat(3)
  topic.heartbeat(9, 'e9', { topic: 'headwater.orders.for.risk' })
  const later = range(4, 9)
  const { seen } = await read(source, {}, (sofar, pages) => {
    if (sofar.length === 3) topic.write(...later.splice(0))
    return pages.at(-1)!.to >= 9
  })
  expect(seen).toEqual(range(1, 9).map(({ position }) => position))
})

it('refuses a topic whose connector leaves out a type it handles', async () => {
  const { topic, source } = ordersTopic(1)
  topic.write(...range(1, 3))
  topic.heartbeat(3, 'e3', { types: ['Paid', 'Cancelled'] })
  await expect(read(source, {}, () => false)).rejects.toMatchObject({
    code: 'HW_KAFKA_TYPES',
    message: expect.stringContaining('to hold Placed'),
  })
  topic.heartbeat(3, 'e3', { types })
  expect((await read(source, {}, (seen) => seen.length === 3)).seen).toEqual([1, 2, 3])
})

it('takes no heartbeat for proof while records lie beyond that are not yet committed', async () => {
  const { kafka, topic } = ordersTopic(1)
  topic.write(event(1))
  topic.heartbeat(2)
  // Event 2 is written, but its partition has not got its marker yet: nothing of it is shown, only `end` tells of it.
  let hidden = 1
  let fetches = 0
  const marking = {
    ...kafka,
    fetch: async (...[places]: Parameters<typeof kafka.fetch>) => {
      if (++fetches === 20) {
        hidden = 0
        topic.write(event(2))
      }
      const fetched = await kafka.fetch(places, { waitMs: 0, maxBytes: 1_000_000 })
      return fetched.map((one) => (one.topic === 'headwater.orders' ? { ...one, end: one.end + hidden } : one))
    },
  }
  const { seen } = await read(kafkaSource({ client: marking }), {}, (_, pages) => pages.at(-1)!.to === 2)
  expect(seen).toEqual([1, 2])
})

it('says where the topic ends to who begins now', async () => {
  const { topic, source } = ordersTopic()
  topic.write(...range(1, 10))
  const end = async () => {
    for await (const page of source.read({
      service: 'orders',
      after: 'end',
      types,
      signal: new AbortController().signal,
    }))
      return page
    return undefined
  }
  expect(await end()).toMatchObject({ from: 11, to: 10, log: 'log-1', cursor: { position: 10, id: 'e10' } })
  topic.heartbeat(15)
  expect(await end()).toMatchObject({ from: 16, to: 15, cursor: { position: 15, id: 'e15' } })
})

it('refuses a topic whose number of partitions changed, before an event is out of order', async () => {
  const { kafka, topic } = ordersTopic(4)
  topic.write(...range(1, 20))
  const grown = { ...kafka, partitions: async () => 5 }
  kafka.create('headwater.more', 1)
  const partial = {
    ...grown,
    bounds: async (name: string, partition: number) =>
      partition === 4 ? { first: 0, end: 0 } : kafka.bounds(name, partition),
    fetch: (places: Parameters<typeof kafka.fetch>[0], options: Parameters<typeof kafka.fetch>[1]) =>
      kafka.fetch(
        places.filter(({ partition }) => partition < 4),
        options,
      ),
  }
  await expect(read(kafkaSource({ client: partial }), {}, () => false)).rejects.toMatchObject({
    code: 'HW_KAFKA_PARTITIONS',
    message: expect.stringContaining('write a new topic from the beginning'),
  })
})

it('refuses topics of one consumer that are cut differently', async () => {
  const { kafka, source } = ordersTopic(4)
  kafka.create('headwater.cards', 6)
  const request = { services: ['orders', 'cards'], signal: new AbortController().signal }
  await expect(source.partitions!(request)).rejects.toMatchObject({
    code: 'HW_KAFKA_PARTITIONS',
    message: expect.stringContaining('orders: 4, cards: 6'),
  })
})

it('refuses a topic that forgot what was not yet handled, and reads one that forgot what was', async () => {
  const { kafka, topic, source } = ordersTopic(1)
  topic.write(...range(1, 20))
  kafka.forget('headwater.orders', 0, 10)
  await expect(read(source, { after: 5 }, () => false)).rejects.toMatchObject({ code: 'HW_KAFKA_FORGOTTEN' })
  expect((await read(kafkaSource({ client: kafka }), { after: 10 }, (all) => all.length === 10)).seen).toHaveLength(10)
})

/** Streams of partition 0 and 1, of two. */
const [inA, inB] = [0, 1].map((partition) =>
  Array.from({ length: 9 }, (_, n) => `order-${n}`).find((stream) => slotOf(stream) % 2 === partition)!,
)

/** A covers 10, B 5; then the log forks behind 6 and writes 7 in A and 11 in B. */
function forkedTopic() {
  const { topic, source, kafka } = ordersTopic(2)
  topic.write(...range(1, 10).map((one) => ({ ...one, stream: one.position <= 5 ? inB! : inA! })))
  topic.heartbeat(10)
  const fork = () => {
    topic.fork('log-2', 6)
    topic.write(
      { ...event(11, inB), id: 'n11' },
      ...[7, 8, 9, 10].map((one) => ({ ...event(one, inA), id: `n${one}` })),
    )
    topic.heartbeat(11, 'n11')
  }
  return { topic, source, kafka, fork }
}

it('throws where the log forked before what was read, whichever partition shows it first', async () => {
  const { source, fork } = forkedTopic()
  const fails = read(source, {}, (seen) => {
    if (seen.length === 10) fork()
    return false
  })
  const forked = await fails.catch((error: unknown) => error)
  expect(forked).toBeInstanceOf(LogForked)
  expect((forked as LogForked).fork).toEqual({ log: 'log-2', position: 6, id: 'e6' })
})

it.each([7, 10])('throws to who asks after position %i of a lineage that ended before it', async (after) => {
  const { source, fork } = forkedTopic()
  fork()
  await expect(read(source, { after }, () => true)).rejects.toMatchObject({
    fork: { log: 'log-2', position: 6, id: 'e6' },
  })
  const someFurther = new Map([...from(3), [SLOTS - 1, after]])
  await expect(read(source, { after: 3, positions: someFurther }, () => true)).rejects.toBeInstanceOf(LogForked)
})

it.each([0, 3, 6])('gives to who is at %i, before a fork, what the present lineage holds', async (after) => {
  const { source, fork } = forkedTopic()
  fork()
  const { seen, pages } = await read(source, { after }, (all) => all.length === 11 - after)
  expect(seen.toSorted((a, b) => a - b)).toEqual(range(after + 1, 11).map(({ position }) => position))
  expect(new Set(pages.map(({ log }) => log))).toEqual(new Set(['log-2']))
  const ids = pages.flatMap(({ events }) => events.map(({ id }) => id))
  expect(ids.filter((id) => id.startsWith('n'))).toHaveLength(5)
})

it.each([6, 7, 8, 9])('goes on behind position %i of the new lineage past what the old one left', async (after) => {
  const { source, fork } = forkedTopic()
  fork()
  const { seen } = await read(source, { after, log: 'log-2' }, (all) => all.length === 11 - after)
  expect(seen.toSorted((a, b) => a - b)).toEqual(range(after + 1, 11).map(({ position }) => position))
})

it('hands on nothing of a lineage before it knows where that began', async () => {
  const { topic, source } = forkedTopic()
  topic.fork('log-2', 6)
  topic.write({ ...event(11, inB), id: 'n11' })
  const seen: number[] = []
  const untold = read(source, {}, (all) => seen.splice(0, Infinity, ...all) === undefined)
  await expect(untold).rejects.toMatchObject({ code: 'HW_KAFKA_LINEAGE' })
  expect(seen).not.toContain(11)
  await expect(read(source, { after: 11, log: 'log-3' }, () => true)).rejects.toMatchObject({
    code: 'HW_KAFKA_LINEAGE',
  })
  topic.heartbeat(11, 'n11')
  expect((await read(source, { after: 6 }, (all) => all.length === 1)).seen).toEqual([11])
})

it('takes what a fork cut off for no part of the end', async () => {
  const { topic, source } = forkedTopic()
  topic.fork('log-2', 6)
  topic.heartbeat(6)
  const request = { service: 'orders', after: 'end', types, signal: new AbortController().signal } as const
  for await (const page of source.read(request)) {
    expect(page).toMatchObject({ log: 'log-2', to: 6, cursor: { log: 'log-2', position: 6, id: 'e6' } })
    break
  }
})

it('tells Kafka’s own tools how far it has read', async () => {
  const { kafka, topic } = ordersTopic(2)
  topic.write(...range(1, 10))
  const ending = new AbortController()
  const request = { service: 'orders', after: 'start', types, signal: ending.signal, positions: from(0) } as const
  const pages = kafkaSource({ client: kafka, group: 'shipping' }).read(request)
  const reading = (async () => {
    for await (const _ of pages) continue
  })()
  const noted = () => kafka.noted.get('shipping')?.reduce((sum, { offset }) => sum + offset, 0)
  await vi.waitFor(() => expect(noted()).toBe(10), 20_000)
  ending.abort()
  await reading
})

async function shopWithTopic(
  partitions: number,
): Promise<{ shop: Shop; kafka: ReturnType<typeof memoryKafka>; topic: TopicWriter; copy: () => Promise<void> }> {
  const shop = await openShop(throwAwayDatabase)
  open.push(() => shop.close())
  const kafka = memoryKafka()
  const topic = new TopicWriter(kafka, 'orders', partitions)
  let copied = 0
  /** What the connector does: everything of the feed so far into the topic. */
  const copy = async () => {
    const last = shop.source.last('orders')
    let lastId = ''
    const ending = new AbortController()
    const request = { service: 'orders', types, signal: ending.signal }
    for await (const page of shop.source.read({ ...request, after: 'start' })) {
      topic.log = page.log
      topic.write(...page.events.filter(({ position }) => position > copied))
      lastId = page.events.at(-1)?.id ?? lastId
      if (page.to >= last) break
    }
    ending.abort()
    copied = last
    topic.heartbeat(last, lastId)
  }
  return { shop, kafka, topic, copy }
}

const shipping = () => consumer('shipping', orders, { Placed: record(), Paid: record(), Cancelled: record() })

it('moves a consumer from the feed to Kafka and back, twice, each effect once', async () => {
  const { shop, kafka, copy } = await shopWithTopic(4)
  for (let round = 0; round < 4; round++) {
    shop.place(300)
    await copy()
    const source = round % 2 === 0 ? shop.source : kafkaSource({ client: kafka })
    const runs = [1, 2].map(() => runConsumer(shipping(), { source, keeper: shop.keeper, leaseMs: 1_000 }))
    await Promise.all(runs.map((run) => run.caughtUp({ orders: shop.source.last('orders') })))
    await Promise.all(runs.map((run) => run.stop()))
  }
  expect(problemsIn(await shop.effects(), upTo(1_200))).toEqual([])
}, 60_000)

it('keeps each partition in one process while processes come and go', async () => {
  const { shop, kafka, copy } = await shopWithTopic(8)
  const start = () =>
    runConsumer(shipping(), { source: kafkaSource({ client: kafka }), keeper: shop.keeper, leaseMs: 1_000 })
  const runs = [start()]
  for (let storm = 0; storm < 6; storm++) {
    shop.place(200, 40)
    await copy()
    runs.push(start(), start())
    await runs.shift()!.stop()
    if (storm % 2 === 1) await runs.shift()!.stop()
  }
  await runs[0]!.caughtUp({ orders: shop.source.last('orders') })
  expect(runs[0]!.status().failure).toBeUndefined()
  for (const run of runs) await run.stop()
  expect(problemsIn(await shop.effects(), upTo(1_200))).toEqual([])
}, 60_000)

it('stops at a fork that only another partition shows, and goes on when told to with every event once', async () => {
  const { shop, kafka, topic } = await shopWithTopic(2)
  const begin = (more: { afterFork?: 'go-on' } = {}) =>
    runConsumer(consumer('shipping', orders, { Placed: record(), Paid: record(), Cancelled: record() }, more), {
      source: kafkaSource({ client: kafka }),
      keeper: shop.keeper,
      leaseMs: 1_000,
    })
  topic.write(...range(1, 10).map((one) => ({ ...one, stream: one.position <= 5 ? inB! : inA! })))
  topic.heartbeat(10)
  const before = begin()
  await before.caughtUp({ orders: 10 })
  topic.fork('log-2', 6)
  topic.write({ ...event(11, inB), id: 'n11' }, ...[7, 8, 9, 10].map((one) => ({ ...event(one, inA), id: `n${one}` })))
  topic.heartbeat(11, 'n11')
  await expect(before.ended).rejects.toMatchObject({
    code: 'HW_LOG_FORKED',
    message: expect.stringContaining('forked at position 6, and events up to 10'),
  })
  const after = begin({ afterFork: 'go-on' })
  await after.caughtUp({ orders: 11 })
  await after.stop()
  const { rows } = await shop.pool.query<{ id: string }>('select id from effect')
  const handled = rows.map(({ id }) => id)
  expect(handled.filter((id) => id.startsWith('n')).toSorted()).toEqual(['n10', 'n11', 'n7', 'n8', 'n9'])
}, 30_000)
