import type { SourceEvent } from '../src/index.ts'
import { slotOf } from '../src/index.ts'
import type { MemoryKafka, MemoryRecord } from '../src/sources/kafka/memory.ts'

/** Records as the connector writes them. */
export function recordOf(
  event: Pick<SourceEvent, 'position' | 'id' | 'type' | 'stream' | 'data'>,
  log: string,
): MemoryRecord {
  const { position, id, type, stream, data } = event
  const time = '2027-01-01T00:00:00.000Z'
  const served = {
    specversion: '1.0',
    id,
    source: '/orders',
    type,
    subject: stream,
    time,
    position,
    previousposition: position - 1,
    streamversion: 1,
    schemaversion: 1,
    recordedtime: time,
    correlationid: id,
    causationid: id,
    data,
  }
  return {
    key: stream,
    value: JSON.stringify(served),
    headers: { position: String(position), log, ce_id: id, ce_type: type },
  }
}

/** Writes to memory what the connector would write to `headwater.<service>`. */
export class TopicWriter {
  readonly #kafka: MemoryKafka
  readonly #topic: string
  readonly #service: string
  readonly #partitions: number
  /** The present lineage first; each former one with the cursor of the last event both share. */
  #lineage: { log: string; cursor?: string }[] = [{ log: 'log-1' }]

  constructor(kafka: MemoryKafka, service: string, partitions: number) {
    this.#kafka = kafka
    this.#service = service
    this.#topic = `headwater.${service}`
    this.#partitions = partitions
    kafka.create(this.#topic, partitions)
    kafka.create('headwater.heartbeats', 1)
  }

  get log(): string {
    return this.#lineage[0]!.log
  }

  set log(log: string) {
    this.#lineage[0] = { log }
  }

  /** Goes on as another lineage behind a position. */
  fork(log: string, at: number): void {
    const former = this.#lineage.map(({ log: name, cursor }) => {
      const shared = Math.min(at, cursor === undefined ? at : Number.parseInt(cursor))
      return { log: name, cursor: shared === 0 ? '0' : `${shared}.e${shared}` }
    })
    this.#lineage = [{ log }, ...former]
  }

  write(...events: readonly Parameters<typeof recordOf>[0][]): void {
    for (const event of events)
      this.#kafka.write(this.#topic, slotOf(event.stream) % this.#partitions, recordOf(event, this.log))
  }

  /** Says that everything up to a position is in the topic. */
  heartbeat(
    position: number,
    id = `e${position}`,
    more: { topic?: string; topicId?: string; types?: readonly string[] } = {},
  ): void {
    const where = { topic: this.#topic, service: this.#service, log: this.log, lineage: this.#lineage }
    const beat = { ...where, position, cursor: `${position}.${id}`, atEnd: true, ...more }
    this.#kafka.write('headwater.heartbeats', 0, { key: beat.topic, value: JSON.stringify(beat) })
  }
}
