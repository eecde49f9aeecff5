/**
 * What a feed needs of a log: all events of one service in one order, positions 1, 2, 3… without holes, in commit order.
 * The event store has this shape; so can anything else (`memoryLog` shows the least of it).
 */
export interface Log {
  readonly service: string
  /** Newest first. */
  lineage(): Promise<readonly Lineage[]>
  /** Position of the last event, 0 when there is none. */
  last(): Promise<number>
  /**
   * Events after a position up to another, as `lineOf` writes them, in order. Chunks may end anywhere. Each call covers a bounded
   * range and is read to its end at once, or given up: it may hold a snapshot as long as it runs.
   */
  copy(range: {
    readonly after: number
    readonly upTo: number
    readonly types?: readonly string[]
  }): AsyncIterable<Uint8Array>
  /** Resolves with `last()` as soon as that is beyond `after`, or when `waitMs` have passed. One query serves any number of waiters. */
  waitFor(after: number, options: { readonly waitMs: number; readonly signal?: AbortSignal }): Promise<number>
  /** Id of the event at a position. */
  idAt(position: number): Promise<string | undefined>
  /** Position of the event with an id. */
  positionOf(id: string): Promise<number | undefined>
  /** Position of the last event recorded before a time (RFC 3339), 0 when there is none. */
  before(time: string): Promise<number>
  /** Position of the last event of these types at or before a position, 0 when there is none. */
  lastOf(types: readonly string[], upTo: number): Promise<number>
}

/** A life of the log: after a restore of a backup it forks from its parent. */
export interface Lineage {
  /** A uuid. */
  readonly log: string
  readonly parent?: string
  /** Last position shared with the parent. */
  readonly forkedAt?: number
}

/** A stored event; `data` is its JSON text. */
export interface LogRow {
  readonly position: number
  readonly id: string
  /** `category-id`. */
  readonly stream: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly data: string
  /** RFC 3339, UTC, milliseconds. */
  readonly occurredAt: string
  /** RFC 3339, UTC, microseconds. */
  readonly recordedAt: string
  readonly correlationId: string
  readonly causationId: string
  readonly traceparent?: string
}
