import type { LogRow, StoredEvent } from './event.ts'

export interface LogRange {
  /** Exclusive. */
  readonly after: number
  /** Inclusive; default: the last event. */
  readonly upTo?: number
  /** Most rows in one answer. */
  readonly limit: number
  readonly types?: readonly string[]
}

/** A life of the log: after a restore of a backup it forks from its parent. */
export interface Lineage {
  /** uuid. */
  readonly log: string
  readonly parent?: string
  /** Last position shared with the parent. */
  readonly forkedAt?: number
}

/** All events of one service in one order. Reading never blocks an append, and a range that was read never changes. */
export interface Log {
  readonly service: string
  /** Newest first. */
  lineage(): Promise<Lineage[]>
  /** Position of the last event, 0 when there is none. */
  last(): Promise<number>
  /** Events after a position in order, up to the last there is now; the next page is on its way while one is handled. */
  read(range: {
    readonly after: number
    readonly upTo?: number
    readonly types?: readonly string[]
  }): AsyncIterable<StoredEvent>
  /** Rows in order, `data` unparsed. */
  rows(range: LogRange): Promise<LogRow[]>
  /** CloudEvents JSON, one a line, as raw bytes from one COPY. Ask for bounded ranges: a slow reader holds a snapshot for as long as it reads. */
  copy(range: { after: number; upTo: number; types?: readonly string[] }): AsyncIterable<Buffer>
  /** Resolves with `last()` as soon as that is beyond `after`, or when `waitMs` have passed. One query serves any number of waiters. */
  waitFor(after: number, options: { waitMs: number; signal?: AbortSignal }): Promise<number>
  /** Id of the event at a position; a cursor is both, so that a restored log is noticed. */
  idAt(position: number): Promise<string | undefined>
  /** Position of the last event recorded before a time (RFC 3339); 0 when there is none. */
  before(time: string): Promise<number>
  /** Position of the event with an id. */
  positionOf(id: string): Promise<number | undefined>
  /** Position of the last event of these types at or before a position; 0 when there is none. */
  lastOf(types: readonly string[], upTo: number): Promise<number>
}
