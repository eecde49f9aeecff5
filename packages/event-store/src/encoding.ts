import type { Append, ProjectionRow, StreamAppend } from './append.ts'
import type { Meta, NewEvent } from './event.ts'
import { InvalidAppend } from './failure.ts'
import { jsonOf } from './json-text.ts'

/** An append, checked and turned into what the SQL function takes. */
export interface EncodedAppend {
  readonly parts: readonly EncodedPart[]
  /** Of all its events. */
  readonly ids: readonly string[]
  /** Those the caller gave: they may be known already. */
  readonly givenIds: readonly string[]
  readonly rows: readonly string[]
  readonly size: number
  /** UTF-16 units of all its text. */
  readonly length: number
}

export interface EncodedPart {
  readonly stream: string
  /** undefined: any. */
  readonly expected: number | undefined
  readonly events: readonly EncodedEvent[]
}

export interface EncodedEvent {
  readonly id: string
  readonly type: string
  readonly schemaVersion: number
  readonly occurredAt: string
  readonly meta: Meta
  /** JSON. */
  readonly data: string
}

export interface Encoding {
  readonly now: () => Date
  readonly newId: () => string
}

/** Most UTF-16 units of an event's data: 1 Mi. */
const dataMost = 1_048_576
/** About what an event's envelope takes, in UTF-16 units. */
const envelopeLength = 300
/** Most events of one append. */
const eventsMost = 10_000

const category = '[a-z][a-z0-9_]{0,62}'
const streamShape = new RegExp(`^${category}-[^\\p{Cc}\\p{Surrogate}"\\\\]{1,200}$`, 'u')
const nameShape = /^[^\p{Cc}\p{Surrogate}"\\]{1,255}$/u
const typeShape = /^[A-Z][A-Za-z0-9]{0,99}$/

/** @throws InvalidAppend: what cannot be kept must not reach a batch that others share. */
export function encode(append: Append, { now, newId }: Encoding): EncodedAppend {
  const meta = checkedMeta(append.meta)
  const occurredAt = now().toISOString()
  const ids: string[] = []
  const givenIds: string[] = []
  let length = 0
  const parts = append.streams.map((part): EncodedPart => {
    const events = part.events.map((event) => {
      const id = event.id === undefined ? newId() : checkedName('an event id', event.id)
      if (event.id !== undefined) givenIds.push(id)
      ids.push(id)
      const encoded = encodeEvent(event, id, occurredAt, meta)
      length += encoded.data.length + envelopeLength
      return encoded
    })
    return { stream: checkedStream(part.stream), expected: checkedVersion(part), events }
  })
  const rows = (append.rows ?? []).map(encodeRow)
  for (const row of rows) length += row.length
  refuseUneven(parts, ids)
  return { parts, ids, givenIds, rows, size: ids.length, length }
}

function encodeEvent(event: NewEvent, id: string, now: string, meta: Meta): EncodedEvent {
  const { type, schemaVersion = 1, occurredAt } = event
  if (!typeShape.test(type)) {
    throw new InvalidAppend(
      `Expected an event type like "MoneyDeposited", got ${JSON.stringify(type)}. Name it in PascalCase.`,
    )
  }
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1 || schemaVersion > 32_767) {
    throw new InvalidAppend(`Expected a schema version 1, 2, 3…, got ${schemaVersion}.`)
  }
  const json = jsonOf(event.data)
  if ('wrong' in json) throw new InvalidAppend(`Expected data of ${type} that can be kept, ${json.wrong}. Take it out.`)
  if (json.text.length > dataMost) {
    throw new InvalidAppend(
      `Expected data of ${type} within ${dataMost} characters, got ${json.text.length}. Keep large content elsewhere and record where.`,
    )
  }
  const at = occurredAt === undefined ? now : checkedTime(occurredAt)
  return { id, type, schemaVersion, occurredAt: at, meta, data: json.text }
}

function encodeRow({ projection, key, value }: ProjectionRow): string {
  const json = jsonOf({ projection, key, ...(value === undefined ? {} : { value }) })
  if ('wrong' in json)
    throw new InvalidAppend(`Expected a row of projection ${projection} that can be kept, ${json.wrong}.`)
  if (value === null)
    throw new InvalidAppend(`Expected a row of ${projection} with a value, got null. Leave value out to delete.`)
  return json.text
}

function checkedStream(stream: string): string {
  if (streamShape.test(stream)) return stream
  throw new InvalidAppend(
    `Expected a stream like "pot-1", got ${JSON.stringify(stream)}. Use a category of lower-case letters, digits and "_", then "-" and an id of at most 200 plain characters.`,
  )
}

function checkedVersion({ stream, expected = 'any' }: StreamAppend): number | undefined {
  if (expected === 'any') return undefined
  if (Number.isSafeInteger(expected) && expected >= 0) return expected
  throw new InvalidAppend(`Expected a version 0, 1, 2… or "any" of stream ${stream}, got ${expected}.`)
}

function refuseUneven(parts: readonly EncodedPart[], ids: readonly string[]): void {
  if (parts.length === 0) throw new InvalidAppend('Expected at least one stream to append to, got none.')
  if (ids.length > eventsMost) {
    throw new InvalidAppend(
      `Expected at most ${eventsMost} events in one append, got ${ids.length}. Append them in turns.`,
    )
  }
  if (parts.length > 1 && new Set(parts.map(({ stream }) => stream)).size < parts.length) {
    throw new InvalidAppend(
      `Expected each stream once in an append, got ${parts.map(({ stream }) => stream).join(', ')}. Put all its events into one.`,
    )
  }
  if (ids.length > 1 && new Set(ids).size < ids.length) {
    throw new InvalidAppend('Expected event ids that differ, got one twice in an append.')
  }
}

function checkedMeta({ correlationId, causationId, traceparent }: Meta): Meta {
  checkedName('a correlation id', correlationId)
  checkedName('a causation id', causationId)
  if (traceparent === undefined) return { correlationId, causationId }
  return { correlationId, causationId, traceparent: checkedName('a traceparent', traceparent) }
}

function checkedName(what: string, name: string): string {
  if (typeof name === 'string' && nameShape.test(name)) return name
  throw new InvalidAppend(
    `Expected ${what} of 1 to 255 characters without quotes, backslashes or controls, got ${JSON.stringify(name)}.`,
  )
}

function checkedTime(time: string): string {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(time) ? Date.parse(time) : Number.NaN
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new InvalidAppend(`Expected a time like 2026-01-31T12:00:00.000Z, got ${JSON.stringify(time)}.`)
}
