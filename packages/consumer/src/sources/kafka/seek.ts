import type { KafkaClient, KafkaRecord } from './client.ts'

/** Where to begin, and the record there; without one, all records there are lie at or before the position. */
export interface Found {
  readonly offset: number
  readonly record?: KafkaRecord
  /** True when records before `offset` were forgotten by the topic. */
  readonly forgotten: boolean
}

export interface Sought {
  readonly topic: string
  readonly partition: number
  readonly position: number
  /** Whether a record is part of the log: what a fork cut off is not. */
  counts(record: KafkaRecord): boolean
}

/** One batch at most, for looking at a single record. */
const lookBytes = 1

/**
 * The offset behind which every event after a position lies, found by halving: ~log2(records) small fetches. Positions rise with
 * offsets, but for a writer that began again; its repeats are whole, so any place where positions pass ours will do.
 */
export async function seek(client: KafkaClient, { topic, partition, position, counts }: Sought): Promise<Found> {
  const { first, end } = await client.bounds(topic, partition)
  let low = first
  let high = end
  let above: KafkaRecord | undefined
  while (low < high) {
    const middle = position === 0 ? low : Math.floor((low + high) / 2)
    const record = await firstFrom(client, { topic, partition, counts }, middle, high)
    if (record === undefined) high = middle
    else if (positionOf(record) > position) {
      above = record
      high = middle
    } else low = record.offset + 1
  }
  return { offset: high, ...(above && { record: above }), forgotten: first > 0 && high === first }
}

/** The first record of the log at an offset or later, before `end`. */
async function firstFrom(
  client: KafkaClient,
  { topic, partition, counts }: Omit<Sought, 'position'>,
  offset: number,
  end: number,
): Promise<KafkaRecord | undefined> {
  for (let at = offset; at < end;) {
    const [fetched] = await client.fetch([{ topic, partition, offset: at }], { waitMs: 0, maxBytes: lookBytes })
    const record = fetched?.records.find(counts)
    if (record !== undefined) return record.offset < end ? record : undefined
    if (fetched === undefined || fetched.next === at) return undefined
    at = fetched.next
  }
  return undefined
}

/** @throws TypeError when it was not written by the connector */
export function positionOf(record: KafkaRecord): number {
  const position = Number(record.header('position'))
  if (!(position >= 1))
    throw new TypeError(`Expected a header "position" at offset ${record.offset}, as the connector writes it.`)
  return position
}
