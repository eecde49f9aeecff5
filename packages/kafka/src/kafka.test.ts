import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type ConnectWorker,
  hasJava,
  type Kafka,
  KafkaFailed,
  removeTopics,
  startConnect,
  startKafka,
} from './index.ts'

// With CI=true nothing is skipped: without Java these then fail.
describe.skipIf(!hasJava() && process.env.CI !== 'true')("a Kafka of Maven's jars", () => {
  let directory: string
  let kafka: Kafka
  const opened: (Kafka | ConnectWorker)[] = []

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-kafka-'))
    kafka = await startKafka({ directory: join(directory, 'kafka'), heapMiB: 256 })
    opened.push(kafka)
  }, 180_000)

  afterAll(async () => {
    for (const one of opened.toReversed()) await one.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const clientTo = ({ bootstrap }: Kafka) => ({ clientId: 'test', bootstrapBrokers: [bootstrap] })

  async function write(to: Kafka, values: readonly string[]): Promise<void> {
    const producer = new Producer({ ...clientTo(to), serializers: stringSerializers })
    await producer.send({ messages: values.map((value) => ({ topic: 'kept', value })) })
    await producer.close()
  }

  async function readAll(from: Kafka, count: number): Promise<string[]> {
    const consumer = new Consumer({
      ...clientTo(from),
      groupId: `reader-${from.pid}`,
      deserializers: stringDeserializers,
    })
    const stream = await consumer.consume({ topics: ['kept'], mode: 'earliest', autocommit: false })
    const values: string[] = []
    for await (const message of stream) if (values.push(message.value!) === count) break
    await consumer.close(true)
    return values
  }

  it('gives back what was written to a topic', async () => {
    const admin = new Admin(clientTo(kafka))
    await admin.createTopics({ topics: ['kept'], partitions: 1, replicas: 1 })
    await admin.close()
    await write(kafka, ['one', 'two'])
    expect(await readAll(kafka, 2)).toEqual(['one', 'two'])
  })

  it('deletes the topics of a service that is gone, and no others', async () => {
    const admin = new Admin(clientTo(kafka))
    const topics = ['headwater.risk', 'headwater.risk.for.mailer', 'headwater.risks', 'headwater.pots.for.risk']
    await admin.createTopics({ topics, partitions: 1, replicas: 1 })
    /** The broker hears of topics that came and went a moment after the controller, which answers. */
    const listed = async (expected: readonly string[]) =>
      await vi.waitFor(async () => {
        const all = await admin.listTopics()
        expect(topics.filter((topic) => all.includes(topic))).toEqual(expected)
      }, 20_000)
    await listed(topics)
    expect((await removeTopics(kafka.bootstrap, 'risk')).toSorted()).toEqual(topics.slice(0, 2))
    await listed(topics.slice(2))
    await admin.close()
  }, 120_000)

  it('adopts a broker that a killed process left running', async () => {
    const again = await startKafka({ directory: kafka.directory })
    expect(again).toMatchObject({ pid: kafka.pid, bootstrap: kafka.bootstrap, adopted: true })
  })

  it('leaves a stranger alone that has the pid of a broker long gone', async () => {
    const elsewhere = join(directory, 'stranger')
    await mkdir(elsewhere)
    await writeFile(join(elsewhere, 'broker.pid'), String(process.pid))
    const other = await startKafka({ directory: elsewhere, heapMiB: 128 })
    expect(other.adopted).toBe(false)
    expect(other.pid).not.toBe(process.pid)
    await other.stop()
  }, 120_000)

  it('keeps its data over a kill, and moves to another port when its own is taken', async () => {
    process.kill(kafka.pid, 'SIGKILL')
    await kafka.stop()
    const taken = Number(kafka.bootstrap.split(':')[1])
    const stranger = createServer().listen(taken, '127.0.0.1')
    await once(stranger, 'listening')
    try {
      const moved = await startKafka({ directory: kafka.directory, heapMiB: 256 })
      opened.push(moved)
      expect(moved).toMatchObject({ adopted: false })
      expect(moved.bootstrap).not.toBe(kafka.bootstrap)
      expect(await readAll(moved, 2)).toEqual(['one', 'two'])
      kafka = moved
    } finally {
      stranger.close()
    }
  }, 120_000)

  it('says why a broker does not start', async () => {
    const broken = startKafka({ directory: join(directory, 'broken'), settings: { 'node.id': 'none' } })
    await expect(broken).rejects.toThrow(KafkaFailed)
    await expect(broken).rejects.toThrow(/Invalid value none for configuration broker.id/)
  }, 120_000)

  it('starts a Connect worker, and stops the one left behind before', async () => {
    const options = { directory: join(directory, 'connect'), bootstrap: kafka.bootstrap, plugins: [], heapMiB: 256 }
    const left = await startConnect(options)
    const worker = await startConnect(options)
    opened.push(worker)
    expect(() => process.kill(left.pid, 0)).toThrow()
    expect(await worker.connectors.list()).toEqual([])
    await expect(worker.connectors.state('none')).rejects.toThrow(/answered 404/)
    expect(await readFile(join(directory, 'connect', 'worker.log'), 'utf8')).toContain('exactly.once.source.support')
  }, 120_000)
})
