import { feedEvent, LogForked } from '@headwater/feed'
import { Fatal } from '../failure.ts'
import { orderingKey } from '../ordering-key.ts'
import { SLOTS, slotOf } from '../slot.ts'
import type { Cursor, ReadRequest, Source, SourceEvent, SourcePage } from '../source.ts'
import type { Fetched, KafkaClient, KafkaPlace, KafkaRecord } from './kafka/client.ts'
import { positionOf, seek } from './kafka/seek.ts'

export interface KafkaSourceOptions {
  readonly client: KafkaClient
  /** Topic of a service; default `headwater.<service>`, as the connector's. */
  readonly topic?: (service: string) => string
  /** Topic of the connector's heartbeats. */
  readonly heartbeats?: string
  /** Name under which Kafka's own tools see how far reading is. The slots' checkpoints alone decide where it begins. */
  readonly group?: string
}

const waitMs = 1_000
const maxBytes = 1024 * 1024
const noteEveryMs = 5_000

/**
 * Topics that the connector fills from feeds. Which process reads which partitions follows from the slots it holds; reading begins
 * at the least position of a partition's slots, and what was read before is dropped by position, so a record twice in the topic
 * is one event.
 */
export function kafkaSource(options: KafkaSourceOptions): Source {
  const { client, topic = (service) => `headwater.${service}`, heartbeats = 'headwater.heartbeats', group } = options
  const passed: Passed = new Map()
  return {
    name: 'Kafka',
    order: 'key',
    async partitions({ services }) {
      const counts = new Map<string, number>()
      for (const service of services) {
        const count = await client.partitions(topic(service))
        if (count === undefined) throw new Error(`Topic ${topic(service)} is not there yet. Is the connector running?`)
        counts.set(service, count)
      }
      if (new Set(counts.values()).size > 1) throw new DifferentPartitions(counts)
      return counts.values().next().value ?? 1
    },
    read: (request) =>
      new Reading({ client, topic: topic(request.service), heartbeats, group, passed }, request).pages(),
  }
}

/** Topics of one consumer must be cut the same way, so that a slot of any service is in one process. */
class DifferentPartitions extends Fatal {
  override readonly code = 'HW_KAFKA_PARTITIONS'
  constructor(counts: ReadonlyMap<string, number>) {
    const said = Array.from(counts, ([service, count]) => `${service}: ${count}`).join(', ')
    super(
      `Expected the topics of all services to have the same number of partitions, got ${said}. Read them by consumers of their own, or write those that differ to new topics.`,
    )
  }
}

class PartitionsChanged extends Fatal {
  override readonly code = 'HW_KAFKA_PARTITIONS'
  constructor(topic: string, was: number, why: string) {
    super(
      `Topic ${topic} was written over ${was} partitions no longer (${why}): a key's events lie in two of them, and their order is lost. Let the connector write a new topic from the beginning and read that: the checkpoints are positions of the log and hold there too.`,
    )
  }
}

class TypesLeftOut extends Fatal {
  override readonly code = 'HW_KAFKA_TYPES'
  constructor(topic: string, left: readonly string[], written: readonly string[]) {
    super(
      `Expected topic ${topic} to hold ${left.join(', ')}, but its connector writes only ${written.join(', ')}. Add them to the connector's "types" and write a new topic from the beginning, or read the feed.`,
    )
  }
}

/** Waited out: the heartbeat that tells comes with the first events of a lineage. */
class LineageUntold extends Error {
  readonly code = 'HW_KAFKA_LINEAGE'
  constructor(topic: string, log: string, told: string) {
    super(
      `Expected the heartbeats of topic ${topic} to say where lineage ${log} of its log ends or begins, but they tell of ${told} only. The connector has not come to the fork yet, waits for a person there (on.fork), or reads another log altogether.`,
    )
  }
}

/** Waited out: reading begins anew, by position. */
class TopicMadeAgain extends Error {
  readonly code = 'HW_KAFKA_MADE_AGAIN'
  constructor(topic: string) {
    super(
      `Topic ${topic} was deleted and made again while it was read: reading begins anew at the position reached. If it does not hold all of the log, let the connector write it from the beginning (offset {"position":"beginning"}).`,
    )
  }
}

class HistoryForgotten extends Fatal {
  override readonly code = 'HW_KAFKA_FORGOTTEN'
  constructor(topic: string, partition: number, position: number) {
    super(
      `Partition ${partition} of ${topic} has forgotten events after position ${position}. Read the feed until the consumer is past them, then Kafka again; and set retention.ms=-1.`,
    )
  }
}

/** One partition as it is being read. */
interface Part {
  readonly partition: number
  readonly slots: ReadonlySet<number>
  offset: number
  /** All events of its slots up to here were given. */
  covered: number
}

/** Proves something of the topic it names only: several connectors may read one feed. */
interface Heartbeat {
  readonly topic: string
  /** Absent where there is a topic for each category of streams, and from older connectors. */
  readonly topicId?: string
  /** Types that the connector was told to read; all when absent. */
  readonly types?: readonly string[]
  readonly log: string
  /** Each former lineage with the cursor of the last event it shares with the present one. */
  readonly lineage?: readonly { readonly log: string; readonly cursor?: string }[]
  readonly position: number
  readonly cursor: string
}

/** Topic id and partition → places passed lately, the last one first: a reading that begins there needs no search. */
type Passed = Map<string, readonly { readonly position: number; readonly offset: number }[]>

class Reading {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #heartbeats: string
  readonly #group: string | undefined
  readonly #passed: Passed
  readonly #request: ReadRequest
  /** The lineage that pages are of. */
  #log: string | undefined
  /** Name → id of the topics that offsets are of. */
  readonly #ids = new Map<string, string>()
  /** The furthest position that is handled or was given, of any slot. */
  #furthest: number
  #beatOffset = 0
  /** Everything up to its position is in the topic, committed. */
  #beat: Heartbeat | undefined
  #notedAt = 0

  constructor(
    on: { client: KafkaClient; topic: string; heartbeats: string; group: string | undefined; passed: Passed },
    request: ReadRequest,
  ) {
    this.#client = on.client
    this.#topic = on.topic
    this.#heartbeats = on.heartbeats
    this.#group = on.group
    this.#passed = on.passed
    this.#request = request
    const { after, positions } = request
    this.#log = typeof after === 'string' ? undefined : after.log
    this.#furthest = Math.max(typeof after === 'string' ? 0 : after.position, ...(positions?.values() ?? []))
  }

  async *pages(): AsyncGenerator<SourcePage> {
    const { after, signal } = this.#request
    const id = await this.#client.topicId(this.#topic)
    const count = await this.#client.partitions(this.#topic)
    if (id === undefined || count === undefined)
      throw new Error(`Topic ${this.#topic} is not there yet. Is the connector running?`)
    this.#ids.set(this.#topic, id)
    await this.#lastBeat()
    this.#follow()
    if (after === 'end') yield await this.#end(count)
    const parts = await this.#parts(count)
    if (this.#log !== undefined) {
      for (const part of parts) yield this.#page(this.#log, part, part.covered, [], false)
    }
    for (let idle = false; !signal.aborted;) {
      const beat = this.#heard()
      const fetched = await this.#fetch(parts, idle ? waitMs : 0)
      this.#follow()
      if ((await this.#client.partitions(this.#topic)) !== count)
        throw new PartitionsChanged(this.#topic, count, 'its number changed')
      idle = this.#beat === beat
      for (const part of parts) {
        const got = fetched.find(({ topic, partition }) => topic === this.#topic && partition === part.partition)
        if (got === undefined) continue
        if (got.records.length > 0) idle = false
        const page = this.#take(part, got, count)
        if (page !== undefined) yield page
        // Asked for after the heartbeat was seen, and nothing lies beyond: the partition is complete up to it.
        const proven = beat !== undefined && got.next >= got.end && beat.position > part.covered
        if (proven) yield this.#page(beat.log, part, beat.position, [], true, cursorOf(beat.cursor).id)
      }
      await this.#note(parts)
    }
  }

  async #parts(count: number): Promise<Part[]> {
    const { positions, after } = this.#request
    const from = typeof after === 'string' ? 0 : after.position
    const wanted = positions ?? new Map(Array.from({ length: SLOTS }, (_, slot) => [slot, from]))
    const least = new Map<number, { slots: Set<number>; position: number }>()
    for (const [slot, position] of wanted) {
      const part = least.get(slot % count) ?? { slots: new Set(), position }
      least.set(slot % count, part)
      part.slots.add(slot)
      part.position = Math.min(part.position, position)
    }
    return Promise.all(
      Array.from(least, async ([partition, { slots, position }]): Promise<Part> => {
        const passed = this.#passed.get(this.#placeOf(partition))?.find((place) => place.position <= position)
        if (passed !== undefined) return { partition, slots, offset: passed.offset, covered: position }
        const counts = (record: KafkaRecord): boolean => this.#counts(record)
        const found = await seek(this.#client, { topic: this.#topic, partition, position, counts })
        const before = found.record === undefined ? undefined : feedEvent(found.record.value).previousPosition
        // What the topic forgot may have been ours, unless the first event left follows one we have.
        if (found.forgotten && !(before !== undefined && before <= position))
          throw new HistoryForgotten(this.#topic, partition, position)
        return { partition, slots, offset: found.offset, covered: position }
      }),
    )
  }

  async #fetch(parts: readonly Part[], wait: number): Promise<readonly Fetched[]> {
    const places: KafkaPlace[] = parts.map(({ partition, offset }) => ({ topic: this.#topic, partition, offset }))
    const hasBeats = (await this.#client.partitions(this.#heartbeats)) !== undefined
    if (hasBeats) places.push({ topic: this.#heartbeats, partition: 0, offset: this.#beatOffset })
    const fetched = await this.#client.fetch(places, { waitMs: wait, maxBytes })
    for (const { topic, records, next, topicId } of fetched) {
      this.#same(topic, topicId)
      if (topic !== this.#heartbeats) continue
      this.#beatOffset = next
      this.#hear(records)
    }
    return fetched
  }

  #same(topic: string, id: string): void {
    const before = this.#ids.get(topic) ?? id
    if (before !== id) throw new TopicMadeAgain(topic)
    this.#ids.set(topic, id)
  }

  #placeOf(partition: number): string {
    return `${this.#ids.get(this.#topic)} ${partition}`
  }

  #hear(records: readonly KafkaRecord[]): void {
    for (const { value } of records) {
      const beat = JSON.parse(value) as Heartbeat
      // One topic of that name that is gone says nothing of the one that is there.
      const another = beat.topicId !== undefined && beat.topicId !== this.#ids.get(this.#topic)
      if (beat.topic === this.#topic && !another) this.#beat = beat
    }
  }

  #heard(): Heartbeat | undefined {
    const { types } = this.#beat ?? {}
    const left = types === undefined ? [] : this.#request.types.filter((type) => !types.includes(type))
    if (left.length > 0) throw new TypesLeftOut(this.#topic, left, types!)
    return this.#beat
  }

  /** Reads the heartbeats there are: compacted, so few. */
  async #lastBeat(): Promise<void> {
    if ((await this.#client.partitions(this.#heartbeats)) === undefined) return
    const { first, end } = await this.#client.bounds(this.#heartbeats, 0)
    this.#beatOffset = first
    while (this.#beatOffset < end && !this.#request.signal.aborted) {
      const place = { topic: this.#heartbeats, partition: 0, offset: this.#beatOffset }
      const [fetched] = await this.#client.fetch([place], { waitMs: 0, maxBytes })
      if (fetched === undefined || fetched.next === this.#beatOffset) return
      this.#same(this.#heartbeats, fetched.topicId)
      this.#beatOffset = fetched.next
      this.#hear(fetched.records)
    }
  }

  /** The log goes on as another lineage: nothing to those at or before the fork, an error to whoever is beyond. */
  #follow(): void {
    const beat = this.#beat
    if (beat === undefined || beat.log === this.#log) return
    if (this.#log !== undefined) {
      const shared = sharedWith(beat, this.#log)
      if (shared === undefined) throw new LineageUntold(this.#topic, this.#log, beat.log)
      if (this.#furthest > shared.position) throw new LogForked(this.#request.service, { log: beat.log, ...shared })
    }
    this.#log = beat.log
  }

  /** Whether a record is part of the log as it is now: what lies beyond a fork of its lineage stays in the topic, and counts no more. */
  #counts(record: KafkaRecord): boolean {
    const log = record.header('log')
    this.#log ??= log
    if (log === undefined || log === this.#log) return true
    const shared = this.#beat && sharedWith(this.#beat, log)
    if (shared === undefined) throw new LineageUntold(this.#topic, log, this.#log!)
    return positionOf(record) <= shared.position
  }

  #take(part: Part, { records, next, end }: Fetched, count: number): SourcePage | undefined {
    part.offset = next
    const events: SourceEvent[] = []
    let last: SourceEvent | undefined
    for (const record of records) {
      const position = positionOf(record)
      if (!this.#counts(record) || position <= (last?.position ?? part.covered)) continue
      last = feedEvent(record.value)
      if (slotOf(orderingKey(last)) % count !== part.partition)
        throw new PartitionsChanged(
          this.#topic,
          count,
          `the event at position ${position} lies in partition ${part.partition}`,
        )
      if (this.#request.types.includes(last.type)) events.push(last)
    }
    if (this.#log === undefined || last === undefined) return undefined
    return this.#page(this.#log, part, last.position, events, next >= end, last.id)
  }

  #page(log: string, part: Part, to: number, events: SourceEvent[], atEnd: boolean, id = ''): SourcePage {
    const from = part.covered + 1
    part.covered = to
    this.#furthest = Math.max(this.#furthest, to)
    const name = this.#placeOf(part.partition)
    this.#passed.set(name, [{ position: to, offset: part.offset }, ...(this.#passed.get(name) ?? []).slice(0, 3)])
    return { log, from, to, events, atEnd, slots: part.slots, ...(id !== '' && { cursor: { log, position: to, id } }) }
  }

  /** Where the topic ends: the furthest of heartbeat and last records. */
  async #end(count: number): Promise<SourcePage> {
    let end: Cursor | undefined = this.#beat && {
      log: this.#beat.log,
      position: this.#beat.position,
      id: cursorOf(this.#beat.cursor).id,
    }
    for (let partition = 0; partition < count; partition++) {
      const record = await this.#lastRecord(partition)
      if (record === undefined || positionOf(record) <= (end?.position ?? 0) || !this.#counts(record)) continue
      end = { log: this.#log ?? '', position: positionOf(record), id: record.header('ce_id') ?? '' }
    }
    if (end === undefined)
      throw new Error(`Topic ${this.#topic} has no event and no heartbeat yet. Is the connector running?`)
    return { log: end.log, from: end.position + 1, to: end.position, events: [], atEnd: true, cursor: end }
  }

  async #lastRecord(partition: number): Promise<KafkaRecord | undefined> {
    const { first, end } = await this.#client.bounds(this.#topic, partition)
    // Markers take offsets too: a few steps back there is a record, if there is one.
    for (let back = 1; back <= end - first; back *= 2) {
      const place = { topic: this.#topic, partition, offset: Math.max(first, end - back) }
      const [fetched] = await this.#client.fetch([place], { waitMs: 0, maxBytes })
      if (fetched !== undefined && fetched.records.length > 0) return fetched.records.at(-1)
    }
    return undefined
  }

  async #note(parts: readonly Part[]): Promise<void> {
    if (this.#group === undefined || Date.now() - this.#notedAt < noteEveryMs) return
    this.#notedAt = Date.now()
    const places = parts.map(({ partition, offset }) => ({ topic: this.#topic, partition, offset }))
    await this.#client.note(this.#group, places).catch((error: unknown) => this.#request.onTrouble?.(error))
  }
}

/** The last event that a lineage shares with the one a heartbeat tells of; undefined when it does not say. */
function sharedWith(beat: Heartbeat, log: string): Pick<Cursor, 'position' | 'id'> | undefined {
  if (log === beat.log) return { position: Infinity, id: '' }
  const cursor = beat.lineage?.find((former) => former.log === log)?.cursor
  return cursor === undefined ? undefined : cursorOf(cursor)
}

/** Reads `<position>.<event id>`. */
function cursorOf(text: string): Pick<Cursor, 'position' | 'id'> {
  const dot = text.indexOf('.')
  return dot < 0
    ? { position: Number(text), id: '' }
    : { position: Number(text.slice(0, dot)), id: text.slice(dot + 1) }
}
