/** An event as a source gives it. Positions are those of the service's log, whatever carried the event. */
export interface SourceEvent {
  readonly position: number
  readonly id: string
  readonly type: string
  readonly stream: string
  /** The ordering key, where it is not the stream. */
  readonly partitionKey?: string
  readonly streamVersion: number
  readonly schemaVersion: number
  readonly data: unknown
  readonly occurredAt: string
  readonly recordedAt: string
  readonly correlationId: string
  readonly causationId: string
  readonly traceparent?: string
  /** The event's JSON exactly as served. */
  readonly text: string
}

/** A place in a log: position and the id of the event there; an empty id is not known, and not checked. */
export interface Cursor {
  readonly log: string
  readonly position: number
  readonly id: string
}

/** Covers positions `from`..`to` of a log; the pages of one read join. */
export interface SourcePage {
  readonly log: string
  readonly from: number
  readonly to: number
  /** The place of `to`, also where that event is not shown; when it is known. */
  readonly cursor?: Cursor
  readonly events: readonly SourceEvent[]
  /** True when nothing lay beyond `to` as this page was read. */
  readonly atEnd: boolean
  /** Slots this page speaks for (a Kafka partition carries some); all when absent. */
  readonly slots?: ReadonlySet<number>
}

export interface ReadRequest {
  readonly service: string
  readonly after: 'start' | 'end' | Cursor
  readonly types: readonly string[]
  /** Published versions wanted, by type; of the others whichever the source has by itself. Others than these are refused. */
  readonly versions?: Readonly<Record<string, number>>
  readonly signal: AbortSignal
  /** Told of each failure that the source waits out by itself. */
  readonly onTrouble?: (error: unknown) => void
  /** Position handled so far of each slot wanted; `after` is the least of them. */
  readonly positions?: ReadonlyMap<number, number>
}

/** Where a consumer reads: a service's feed, or Kafka topics filled from feeds. */
export interface Source {
  readonly name: string
  /** `key`: only events of one key come in order (Kafka); `log` (default): all do. */
  readonly order?: 'key' | 'log'
  /**
   * Reads on, waiting at the end, until the signal aborts. The first page comes at once, if only to say that nothing is there.
   * Throws `LogForked` when the cursor lies beyond a fork, and `HW_LOG_DIVERGED` when it is of another log altogether.
   */
  read(request: ReadRequest): AsyncIterable<SourcePage>
  /** Last event recorded before a time (RFC 3339); undefined when none is. Without it, `rewind` to a time scans. */
  before?(request: { service: string; time: string; signal: AbortSignal }): Promise<Cursor | undefined>
  /**
   * In how many partitions the source keeps its slots (a slot is in partition `slot mod partitions`): those of one partition are
   * then held by one process. Without it each slot is shared out by itself.
   */
  partitions?(request: { services: readonly string[]; signal: AbortSignal }): Promise<number>
}
