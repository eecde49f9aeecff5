import {
  type Broker,
  ConnectionPool,
  type ConnectionOptions,
  fetchV13,
  findCoordinatorV4,
  listOffsetsV7,
  metadataV12,
  offsetCommitV8,
} from '@platformatic/kafka'
import type { Fetched, KafkaClient, KafkaPlace, KafkaRecord } from './client.ts'
import { type Batch, committedOnly } from './committed.ts'

export interface KafkaClientOptions {
  /** `host:port` of some brokers. */
  readonly bootstrap: string | readonly string[]
  readonly clientId?: string
  readonly tls?: NonNullable<ConnectionOptions['tls']>
  readonly sasl?: NonNullable<ConnectionOptions['sasl']>
}

interface Topic {
  readonly id: string
  /** Broker of each partition. */
  readonly leaders: readonly Broker[]
  readonly readAt: number
}

interface Asked {
  readonly place: KafkaPlace
  readonly topicId: string
}

/** What is asked of one broker. */
interface Wanted {
  readonly leader: Broker
  readonly places: Asked[]
}

type RawBatch = NonNullable<fetchV13.FetchResponsePartition['records']>[number]
type RawRecord = RawBatch['records'][number]

const readCommitted = 1
const latest = -1n
const earliest = -2n
const controlBit = 1 << 5
const transactionalBit = 1 << 4
/** So long is taken for granted which broker leads and how many partitions there are. */
const metadataMs = 30_000
const requestMs = 10_000

/** Kafka through the wire protocol of @platformatic/kafka; what a transaction aborted is left out here, not there. */
export function kafkaClient(options: KafkaClientOptions): KafkaClient {
  return new WireClient(options)
}

class WireClient implements KafkaClient {
  readonly #bootstrap: readonly Broker[]
  readonly #connections: ConnectionPool
  readonly #newPool: () => ConnectionPool
  /** Connections of fetches that wait, free at the moment; all there are. */
  readonly #idle: ConnectionPool[] = []
  readonly #pools: ConnectionPool[] = []
  readonly #underWay = new Map<string, Promise<Fetched[]>>()
  readonly #topics = new Map<string, Topic>()
  readonly #coordinators = new Map<string, Broker>()

  constructor({ bootstrap, clientId = 'headwater', tls, sasl }: KafkaClientOptions) {
    this.#bootstrap = [bootstrap].flat().map(brokerOf)
    const connecting = { connectTimeout: 5_000, requestTimeout: requestMs, ...(tls && { tls }), ...(sasl && { sasl }) }
    this.#newPool = () => {
      const pool = new ConnectionPool(clientId, connecting)
      this.#pools.push(pool)
      return pool
    }
    this.#connections = this.#newPool()
  }

  async partitions(topic: string): Promise<number | undefined> {
    return (await this.#topic(topic))?.leaders.length
  }

  async topicId(topic: string): Promise<string | undefined> {
    const found = await this.#topic(topic)
    return found && readable(found.id)
  }

  async bounds(topic: string, partition: number): Promise<{ first: number; end: number }> {
    const [first, end] = await Promise.all([
      this.#offset(topic, partition, earliest),
      this.#offset(topic, partition, latest),
    ])
    return { first, end }
  }

  async fetch(
    places: readonly KafkaPlace[],
    options: { waitMs: number; maxBytes: number },
  ): Promise<readonly Fetched[]> {
    const byLeader = new Map<string, Wanted>()
    for (const place of places) {
      const topic = await this.#known(place.topic)
      const leader = topic.leaders[place.partition]!
      const name = `${leader.host}:${leader.port}`
      const wanted = byLeader.get(name) ?? { leader, places: [] }
      byLeader.set(name, wanted)
      wanted.places.push({ place, topicId: topic.id })
    }
    return this.#fresh(firstOf(Array.from(byLeader.values(), (wanted) => this.#ask(wanted, options))))
  }

  async note(group: string, places: readonly KafkaPlace[]): Promise<void> {
    const topics = new Map<string, offsetCommitV8.OffsetCommitRequestPartition[]>()
    for (const { topic, partition, offset } of places) {
      const partitions = topics.get(topic) ?? []
      topics.set(topic, partitions)
      partitions.push({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })
    }
    const named = Array.from(topics, ([name, partitions]) => ({ name, partitions }))
    // Generation -1 and no member: a group that nobody has joined.
    await this.#fresh(offsetCommitV8.api.async(await this.#coordinator(group), group, -1, '', null, named))
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pools.map((pool) => pool.close()))
  }

  /** An answer still under way to the very same question is waited for, not asked for twice. */
  #ask(wanted: Wanted, options: { waitMs: number; maxBytes: number }): Promise<Fetched[]> {
    const asked = wanted.places.map(({ place, topicId }) => `${topicId} ${place.partition} ${place.offset}`)
    const question = `${wanted.leader.host}:${wanted.leader.port} ${asked.join(' ')}`
    const known = this.#underWay.get(question)
    if (known !== undefined) return known
    const answer = this.#fetchFrom(wanted, options).finally(() => this.#underWay.delete(question))
    if (options.waitMs > 0) this.#underWay.set(question, answer)
    return answer
  }

  async #fetchFrom(wanted: Wanted, options: { waitMs: number; maxBytes: number }): Promise<Fetched[]> {
    if (options.waitMs === 0) return this.#fetchBy(this.#connections, wanted, options)
    // A broker answers a connection's requests one after the other: who waits has a connection of its own.
    const pool = this.#idle.pop() ?? this.#newPool()
    try {
      return await this.#fetchBy(pool, wanted, options)
    } finally {
      this.#idle.push(pool)
    }
  }

  async #fetchBy(
    pool: ConnectionPool,
    { leader, places: wanted }: Wanted,
    { waitMs, maxBytes }: { waitMs: number; maxBytes: number },
  ): Promise<Fetched[]> {
    const topics = new Map<string, fetchV13.FetchRequestTopic>()
    for (const { place, topicId } of wanted) {
      const topic = topics.get(topicId) ?? { topicId, partitions: [] }
      topics.set(topicId, topic)
      topic.partitions.push({
        partition: place.partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(place.offset),
        lastFetchedEpoch: -1,
        partitionMaxBytes: maxBytes,
      })
    }
    const response = await fetchV13.api.async(
      await pool.get(leader),
      waitMs,
      1,
      maxBytes * 4,
      readCommitted,
      0,
      0,
      [...topics.values()],
      [],
      '',
    )
    const fetched: Fetched[] = []
    for (const { topicId, partitions } of response.responses) {
      for (const partition of partitions) {
        const asked = wanted.find((one) => one.topicId === topicId && one.place.partition === partition.partitionIndex)
        if (asked !== undefined) fetched.push(fetchedOf(asked, partition))
      }
    }
    return fetched
  }

  async #offset(topic: string, partition: number, timestamp: bigint): Promise<number> {
    const leader = (await this.#known(topic)).leaders[partition]!
    const wanted = [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] }]
    const connection = await this.#connections.get(leader)
    const { topics } = await this.#fresh(listOffsetsV7.api.async(connection, -1, readCommitted, wanted))
    return Number(topics[0]!.partitions[0]!.offset)
  }

  async #known(name: string): Promise<Topic> {
    const topic = await this.#topic(name)
    if (topic === undefined) throw new Error(`Topic ${name} is not there. Is the connector running?`)
    return topic
  }

  async #topic(name: string): Promise<Topic | undefined> {
    const known = this.#topics.get(name)
    if (known !== undefined && Date.now() - known.readAt < metadataMs) return known
    const connection = await this.#connections.getFirstAvailable([...this.#bootstrap])
    const found = await metadataV12.api.async(connection, [name], false, false).catch((error: unknown) => {
      if (isUnknownTopic(error)) return undefined
      throw error
    })
    const described = found?.topics.find((topic) => topic.name === name)
    if (found === undefined || described === undefined) return undefined
    const brokers = new Map(found.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]))
    const partitions = described.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
    const topic: Topic = {
      id: described.topicId,
      leaders: partitions.map(({ leaderId }) => brokers.get(leaderId)!),
      readAt: Date.now(),
    }
    this.#topics.set(name, topic)
    return topic
  }

  async #coordinator(group: string) {
    const known = this.#coordinators.get(group)
    if (known !== undefined) return this.#connections.get(known)
    const connection = await this.#connections.getFirstAvailable([...this.#bootstrap])
    const { coordinators } = await findCoordinatorV4.api.async(connection, 0, [group])
    const { host, port } = coordinators[0]!
    this.#coordinators.set(group, { host, port })
    return this.#connections.get({ host, port })
  }

  /** After a failure nothing is taken for granted: another broker may lead. */
  async #fresh<T>(asking: Promise<T>): Promise<T> {
    try {
      return await asking
    } catch (error) {
      this.#topics.clear()
      this.#coordinators.clear()
      throw error
    }
  }
}

/** Whatever brokers have answered as soon as one of them has a record; else all, when all have. */
async function firstOf(asked: readonly Promise<Fetched[]>[]): Promise<readonly Fetched[]> {
  const answered: Fetched[] = []
  const waiting = new Set(asked)
  for (const one of asked) {
    void one.then(
      (fetched) => (answered.push(...fetched), waiting.delete(one)),
      () => undefined,
    )
  }
  while (waiting.size > 0 && !answered.some(({ records }) => records.length > 0)) await Promise.race(waiting)
  return answered
}

/** A topic's id as Kafka's own tools and the connector write it. */
function readable(uuid: string): string {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url')
}

function brokerOf(address: string): Broker {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

function isUnknownTopic(error: unknown): boolean {
  const { apiId, errors } = error as { apiId?: string; errors?: unknown[] }
  return apiId === 'UNKNOWN_TOPIC_OR_PARTITION' || (errors ?? []).some(isUnknownTopic)
}

function fetchedOf({ place, topicId }: Asked, answer: fetchV13.FetchResponsePartition): Fetched {
  const { topic, partition, offset } = place
  const batches = (answer.records ?? []).map(batchOf)
  // A last batch that was cut off is not there: it comes whole with the next fetch.
  const last = batches.at(-1)
  const records: KafkaRecord[] = []
  for (const batch of committedOnly(batches, answer.abortedTransactions ?? [])) {
    for (const record of batch.records) {
      const at = Number(batch.firstOffset) + record.offsetDelta
      // Kafka answers whole batches, also where the offset lies inside of one.
      if (at >= offset) records.push(recordOf(record, at))
    }
  }
  const next = last === undefined ? offset : Number(last.lastOffset) + 1
  return {
    topic,
    partition,
    records,
    next: Math.max(next, offset),
    end: Number(answer.highWatermark),
    topicId: readable(topicId),
  }
}

function batchOf(raw: RawBatch): Batch<RawRecord> {
  const control = (raw.attributes & controlBit) === 0 ? undefined : markerOf(raw.records[0])
  return {
    firstOffset: raw.firstOffset,
    lastOffset: raw.firstOffset + BigInt(raw.lastOffsetDelta),
    producerId: raw.producerId,
    transactional: (raw.attributes & transactionalBit) !== 0,
    ...(control && { control }),
    records: raw.records,
  }
}

function markerOf(record: RawRecord | undefined): 'abort' | 'commit' {
  return record?.key?.readInt16BE(2) === 0 ? 'abort' : 'commit'
}

function recordOf(raw: RawRecord, offset: number): KafkaRecord {
  return {
    offset,
    key: raw.key?.toString() ?? '',
    value: raw.value?.toString() ?? '',
    header: (name) => raw.headers.find(([key]) => key?.toString() === name)?.[1]?.toString(),
  }
}
