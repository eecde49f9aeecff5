import type { Fetched, KafkaClient, KafkaPlace, KafkaRecord } from './client.ts'

export interface MemoryRecord {
  readonly key: string
  readonly value: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Topics in memory, for tests of what reads them. */
export interface MemoryKafka extends KafkaClient {
  /** Makes a topic; one that is there is deleted first. */
  create(topic: string, partitions: number): void
  write(topic: string, partition: number, ...records: readonly MemoryRecord[]): void
  /** Forgets the first records of a partition, as retention does. */
  forget(topic: string, partition: number, before: number): void
  /** As noted: group → topic → partition → offset. */
  readonly noted: Map<string, KafkaPlace[]>
  /** Fetches so far. */
  readonly fetches: number
}

interface Partition {
  first: number
  readonly records: KafkaRecord[]
}

export function memoryKafka(): MemoryKafka {
  const topics = new Map<string, Partition[]>()
  const ids = new Map<string, string>()
  const waiting = new Set<() => void>()
  const noted = new Map<string, KafkaPlace[]>()
  let fetches = 0
  const of = (topic: string, partition: number): Partition => {
    const found = topics.get(topic)?.[partition]
    if (found === undefined) throw new Error(`Topic ${topic} has no partition ${partition}.`)
    return found
  }
  const read = ({ topic, partition, offset }: KafkaPlace, maxBytes: number): Fetched => {
    const { records } = of(topic, partition)
    const taken: KafkaRecord[] = []
    let bytes = 0
    for (const record of records.slice(offset)) {
      if (taken.length > 0 && bytes + record.value.length > maxBytes) break
      bytes += record.value.length
      taken.push(record)
    }
    const next = offset + taken.length
    return { topic, partition, records: taken, next, end: records.length, topicId: ids.get(topic)! }
  }
  return {
    noted,
    get fetches() {
      return fetches
    },
    create(topic, partitions) {
      ids.set(topic, `${topic} ${Number(ids.get(topic)?.split(' ')[1] ?? 0) + 1}`)
      topics.set(
        topic,
        Array.from({ length: partitions }, () => ({ first: 0, records: [] })),
      )
    },
    write(topic, partition, ...records) {
      const { records: kept } = of(topic, partition)
      for (const { key, value, headers } of records)
        kept.push({ offset: kept.length, key, value, header: (name) => headers?.[name] })
      for (const wake of waiting) wake()
    },
    forget: (topic, partition, before) => void (of(topic, partition).first = before),
    partitions: async (topic) => topics.get(topic)?.length,
    topicId: async (topic) => ids.get(topic),
    bounds: async (topic, partition) => ({
      first: of(topic, partition).first,
      end: of(topic, partition).records.length,
    }),
    async fetch(places, { waitMs, maxBytes }) {
      fetches += 1
      const now = places.map((place) => read(place, maxBytes))
      if (waitMs === 0 || now.some(({ records }) => records.length > 0)) return now
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, waitMs)
        waiting.add(wake)
      })
      return places.map((place) => read(place, maxBytes))
    },
    note: async (group, places) => void noted.set(group, [...places]),
    close: async () => undefined,
  }
}
