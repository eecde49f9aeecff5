import type { Meta, NewEvent } from './event.ts'

/** Events for one stream. */
export interface StreamAppend {
  /** `category-id`: a lower-case category of letters, digits and `_`, then an id of up to 200 characters. */
  readonly stream: string
  /** Version the stream must have now, 0 for a new one; default `any`. With no events it is a check alone. */
  readonly expected?: number | 'any'
  readonly events: readonly NewEvent[]
}

/** A row of an inline projection: put, or deleted where `value` is absent. Written by the append that carries it. */
export interface ProjectionRow {
  readonly projection: string
  readonly key: string
  readonly value?: unknown
}

/** All or nothing, over all its streams and rows. */
export interface Append {
  readonly streams: readonly StreamAppend[]
  readonly rows?: readonly ProjectionRow[]
  readonly meta: Meta
}

export interface Appended {
  readonly kind: 'appended'
  /** Positions of its first and last event. An append of checks alone has first = last + 1. */
  readonly first: number
  readonly last: number
  /** Version of each stream after it, in the order given. */
  readonly versions: readonly number[]
  /** The same events, by id and content, were there before. */
  readonly repeated: boolean
}

export interface Conflict {
  readonly kind: 'conflict'
  readonly stream: string
  readonly expected: number
  readonly actual: number
}

/** These ids belong to other events, or only some of the append's ids are known. Nothing was recorded. */
export interface IdReused {
  readonly kind: 'id-reused'
  readonly ids: readonly string[]
}

export type AppendResult = Appended | Conflict | IdReused
