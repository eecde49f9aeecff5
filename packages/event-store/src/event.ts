/** An event to be recorded. Ids are made by the store unless given; a given id makes a repeat recognisable. */
export interface NewEvent {
  readonly id?: string
  /** PascalCase, as in the contract. */
  readonly type: string
  /** JSON; kept as its text, byte for byte. */
  readonly data: unknown
  /** Default 1. */
  readonly schemaVersion?: number
  /** When it happened (RFC 3339); default: now. */
  readonly occurredAt?: string
}

/** Where an append comes from, kept with each of its events. */
export interface Meta {
  /** The same for everything that followed from one first cause. */
  readonly correlationId: string
  /** Id of the request or event that led to this directly. */
  readonly causationId: string
  /** W3C Trace Context. */
  readonly traceparent?: string
}

/** An event as recorded. Never changes. */
export interface StoredEvent<Type extends string = string, Data = any> {
  /** Place in the log: 1, 2, 3…, no holes, in commit order. */
  readonly position: number
  readonly id: string
  /** `category-id`. */
  readonly stream: string
  /** Place in the stream: 1, 2, 3… */
  readonly version: number
  readonly type: Type
  readonly schemaVersion: number
  readonly data: Data
  /** RFC 3339, UTC, milliseconds. */
  readonly occurredAt: string
  /** RFC 3339, UTC, microseconds; never falls along the log. */
  readonly recordedAt: string
  readonly correlationId: string
  readonly causationId: string
  readonly traceparent?: string
}

/** A stored event whose `data` is still its JSON text. */
export interface LogRow extends Omit<StoredEvent, 'data'> {
  readonly data: string
}
