/** A place in a topic. Offsets are Kafka's; positions are the log's. */
export interface KafkaPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface KafkaRecord {
  readonly offset: number
  readonly key: string
  /** The event's JSON exactly as served. */
  readonly value: string
  header(name: string): string | undefined
}

/** What came from one partition. */
export interface Fetched {
  readonly topic: string
  readonly partition: number
  /** Committed records, in order; those of aborted transactions and markers are left out. */
  readonly records: readonly KafkaRecord[]
  /** Where to go on: beyond all that was seen, left out or not. */
  readonly next: number
  /**
   * Behind the last record written, committed or not (the high watermark). Markers of one transaction reach its partitions one
   * after the other: what one partition shows as committed another may still hide, but has below this.
   */
  readonly end: number
  /** Of the topic it is from: offsets mean nothing in another one of the same name. */
  readonly topicId: string
}

/** All that a source needs of a Kafka client. Everything may reject; nothing is tried again in here. */
export interface KafkaClient {
  /** Number of partitions; undefined while the topic is not there. */
  partitions(topic: string): Promise<number | undefined>
  /** Another one when a topic is made again under its name; undefined while it is not there. */
  topicId(topic: string): Promise<string | undefined>
  /** First offset still kept, and the one behind the last record committed for good (the last stable offset). */
  bounds(topic: string, partition: number): Promise<{ readonly first: number; readonly end: number }>
  /** One answer per place that has one; waits up to `waitMs` when there is nothing anywhere. */
  fetch(
    places: readonly KafkaPlace[],
    options: { readonly waitMs: number; readonly maxBytes: number },
  ): Promise<readonly Fetched[]>
  /** Notes how far a group has read, for Kafka's own tools. Nothing here reads it back. */
  note(group: string, places: readonly KafkaPlace[]): Promise<void>
  close(): Promise<void>
}
