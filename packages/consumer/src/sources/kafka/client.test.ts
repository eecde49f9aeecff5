import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasJava, type Kafka, startKafka } from '@headwater/kafka'
import { Admin, Producer, stringSerializers } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { kafkaClient, kafkaSource } from '../../kafka.ts'
import { recordOf } from '../../../test/topic.ts'
import type { KafkaClient } from './client.ts'
import { memoryKafka, type MemoryRecord } from './memory.ts'

interface Broker {
  readonly client: KafkaClient
  create(topic: string, partitions: number): Promise<void>
  write(topic: string, partition: number, ...records: MemoryRecord[]): Promise<void>
}

const record = (n: number): MemoryRecord => ({ key: `key-${n}`, value: `{"n":${n}}`, headers: { position: String(n) } })
const records = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => record(from + index))

/** What every client must do. */
function conformance(name: string, broker: () => Broker): void {
  describe(name, () => {
    it('knows partitions, and topics that are not there', async () => {
      await broker().create('three', 3)
      expect(await broker().client.partitions('three')).toBe(3)
      expect(await broker().client.partitions('nowhere')).toBeUndefined()
    })

    it('gives records of several partitions from their offsets on, and says where to go on', async () => {
      await broker().create('read', 2)
      await broker().write('read', 0, ...records(1, 5))
      await broker().write('read', 1, ...records(6, 7))
      const places = [
        { topic: 'read', partition: 0, offset: 2 },
        { topic: 'read', partition: 1, offset: 0 },
      ]
      const fetched = await broker().client.fetch(places, { waitMs: 0, maxBytes: 100_000 })
      const of = (partition: number) => fetched.find((one) => one.partition === partition)!
      expect(of(0).records.map(({ offset, key, value, header }) => [offset, key, value, header('position')])).toEqual([
        [2, 'key-3', '{"n":3}', '3'],
        [3, 'key-4', '{"n":4}', '4'],
        [4, 'key-5', '{"n":5}', '5'],
      ])
      expect(of(0)).toMatchObject({ next: 5, end: 5 })
      expect(of(1).records).toHaveLength(2)
      expect(await broker().client.bounds('read', 0)).toEqual({ first: 0, end: 5 })
    })

    it('answers as soon as there is a record, and in time when there is none', async () => {
      await broker().create('waited', 1)
      const place = { topic: 'waited', partition: 0, offset: 0 }
      const none = await broker().client.fetch([place], { waitMs: 50, maxBytes: 1_000 })
      expect(none.flatMap((one) => one.records)).toEqual([])
      const waiting = broker().client.fetch([place], { waitMs: 20_000, maxBytes: 1_000 })
      await broker().write('waited', 0, record(1))
      expect((await waiting)[0]!.records).toHaveLength(1)
    })

    it('tells a topic from another one of its name', async () => {
      await broker().create('same', 1)
      await broker().write('same', 0, record(1))
      const place = { topic: 'same', partition: 0, offset: 0 }
      const [fetched] = await broker().client.fetch([place], { waitMs: 0, maxBytes: 1_000 })
      expect(fetched!.topicId).toBe(await broker().client.topicId('same'))
      expect(fetched!.topicId).not.toBe(await broker().client.topicId('small'))
    })

    it('gives one record at least, however small the room', async () => {
      await broker().create('small', 1)
      await broker().write('small', 0, ...records(1, 50))
      const [fetched] = await broker().client.fetch([{ topic: 'small', partition: 0, offset: 10 }], {
        waitMs: 0,
        maxBytes: 1,
      })
      expect(fetched!.records[0]!.offset).toBe(10)
    })
  })
}

const memory = memoryKafka()
conformance('a client in memory', () => ({
  client: memory,
  create: async (...args) => memory.create(...args),
  write: async (...args) => memory.write(...args),
}))

describe.skipIf(!hasJava() && process.env.CI !== 'true')('with a live broker', () => {
  let directory: string
  let kafka: Kafka
  let live: Broker
  let admin: Admin
  const producers: Producer<string, string, string, string>[] = []

  const producer = (transactionalId?: string) => {
    const one = new Producer({
      clientId: 'test',
      bootstrapBrokers: [kafka.bootstrap],
      serializers: stringSerializers,
      ...(transactionalId && { transactionalId, idempotent: true }),
    })
    producers.push(one)
    return one
  }
  const messages = (topic: string, partition: number, written: readonly MemoryRecord[]) =>
    written.map(({ key, value, headers }) => ({
      topic,
      partition,
      key,
      value,
      headers: new Map(Object.entries(headers ?? {})),
    }))

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-client-'))
    kafka = await startKafka({ directory: join(directory, 'kafka'), heapMiB: 256 })
    const client = kafkaClient({ bootstrap: kafka.bootstrap })
    admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    const plain = producer()
    live = {
      client,
      create: async (topic, partitions) => {
        await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
        // A topic is there a moment before its partitions have a leader.
        const whole = Array.from({ length: partitions }, (_, partition) => partition)
        await vi.waitFor(() => Promise.all(whole.map((partition) => client.bounds(topic, partition))), {
          timeout: 20_000,
        })
      },
      write: async (topic, partition, ...written) =>
        void (await plain.send({ messages: messages(topic, partition, written) })),
    }
  }, 180_000)

  afterAll(async () => {
    for (const one of producers) await one.close(true)
    await admin?.close()
    await live?.client.close()
    await kafka?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  conformance('the wire client', () => live)

  it('never shows what a transaction aborted midway, whichever fetch its marker comes in', async () => {
    await live.create('aborted', 1)
    const [aborting, committing] = [producer('aborting'), producer('committing')]
    const bad = await aborting.beginTransaction()
    await bad.send({ messages: messages('aborted', 0, records(1, 3)) })
    const good = await committing.beginTransaction()
    await good.send({ messages: messages('aborted', 0, records(101, 103)) })
    await bad.send({ messages: messages('aborted', 0, records(4, 6)) })
    await good.commit()
    const seen: string[] = []
    const openEnd = await live.client.fetch([{ topic: 'aborted', partition: 0, offset: 0 }], {
      waitMs: 0,
      maxBytes: 100_000,
    })
    // The first transaction is still open: nothing behind its start is for good.
    expect(openEnd.flatMap((one) => one.records)).toEqual([])
    expect(openEnd[0]!.end).toBeGreaterThanOrEqual(9)
    await bad.abort()
    for (let offset = 0, end = 1; offset < end;) {
      // One batch at a time, so that data and marker come in different fetches.
      const [fetched] = await live.client.fetch([{ topic: 'aborted', partition: 0, offset }], {
        waitMs: 500,
        maxBytes: 1,
      })
      seen.push(...fetched!.records.map(({ value }) => value))
      ;({ next: offset, end } = fetched!)
    }
    expect(seen).toEqual(['{"n":101}', '{"n":102}', '{"n":103}'])
    const whole = await live.client.fetch([{ topic: 'aborted', partition: 0, offset: 0 }], {
      waitMs: 0,
      maxBytes: 1_000_000,
    })
    expect(whole[0]!.records.map(({ value }) => value)).toEqual(seen)
    // A fresh broker makes the topic that keeps offsets on first use.
    const note = () => live.client.note('some-group', [{ topic: 'aborted', partition: 0, offset: 3 }])
    await vi.waitFor(note, { timeout: 20_000, interval: 200 })
  }, 60_000)

  it('gives a source each event once though a transaction was aborted and written again', async () => {
    await live.create('headwater.orders', 1)
    const event = (position: number) =>
      recordOf({ position, id: `e${position}`, type: 'Placed', stream: 'order-1', data: {} }, 'log-1')
    const events = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, index) => event(from + index))
    const writing = producer('connector')
    const first = await writing.beginTransaction()
    await first.send({ messages: messages('headwater.orders', 0, events(1, 10)) })
    await first.abort()
    const second = await writing.beginTransaction()
    await second.send({ messages: messages('headwater.orders', 0, events(1, 10)) })
    await second.commit()
    const ending = new AbortController()
    const positions: number[] = []
    const request = { service: 'orders', after: 'start', types: ['Placed'], signal: ending.signal } as const
    for await (const page of kafkaSource({ client: live.client }).read(request)) {
      positions.push(...page.events.map(({ position }) => position))
      if (positions.length >= 10) break
    }
    ending.abort()
    expect(positions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  }, 60_000)
})
