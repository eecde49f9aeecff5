import type { SourceEvent } from '@headwater/consumer'
import { memberText } from './member-text.ts'

/** Columns every event has, in the order of the table, with DuckDB's types. Times are UTC. */
export const envelope = {
  service: 'VARCHAR',
  position: 'BIGINT',
  id: 'VARCHAR',
  type: 'VARCHAR',
  stream: 'VARCHAR',
  category: 'VARCHAR',
  unit: 'VARCHAR',
  stream_version: 'BIGINT',
  schema_version: 'BIGINT',
  occurred_at: 'TIMESTAMP',
  recorded_at: 'TIMESTAMP',
  correlation_id: 'VARCHAR',
  causation_id: 'VARCHAR',
  traceparent: 'VARCHAR',
  data: 'VARCHAR',
} as const

/** Names of the envelope's columns. */
export const envelopeColumns = Object.keys(envelope) as readonly (keyof typeof envelope)[]

/**
 * One event as a line for DuckDB's CSV reader: fields between U+0001, separated by U+0002, which no valid JSON text contains
 * bare, so that the payload passes untouched.
 */
export function rowOf(service: string, event: SourceEvent, unit: string): string {
  const { stream } = event
  const dash = stream.indexOf('-')
  return (
    `${quote(service)}\x02${event.position}\x02${quote(event.id)}\x02${quote(event.type)}\x02${quote(stream)}\x02` +
    `${quote(dash === -1 ? stream : stream.slice(0, dash))}\x02${quote(unit)}\x02${event.streamVersion}\x02${event.schemaVersion}\x02` +
    `${utc(event.occurredAt)}\x02${utc(event.recordedAt)}\x02${quote(event.correlationId)}\x02${quote(event.causationId)}\x02` +
    `${event.traceparent === undefined ? '' : quote(event.traceparent)}\x02${quote(memberText(event.text, 'data') ?? 'null')}\n`
  )
}

/** The table's times are in UTC; those with an offset lose what is finer than milliseconds. */
function utc(time: string): string {
  return time.endsWith('Z') || time === '' ? time : new Date(time).toISOString()
}

function quote(text: string): string {
  return `\x01${text.includes('\x01') ? text.replaceAll('\x01', '\x01\x01') : text}\x01`
}

/** The table expression that reads a file of such lines. */
export function readRows(path: string): string {
  const columns = envelopeColumns.map((name) => `${name}: '${envelope[name]}'`).join(', ')
  return (
    `read_csv('${path.replaceAll("'", "''")}', columns = {${columns}}, auto_detect = false, header = false, ` +
    `delim = '\x02', quote = '\x01', escape = '\x01', new_line = '\\n', nullstr = '', max_line_size = 67108864, buffer_size = 134217728)`
  )
}

/** Whom an event is about: the first unit field the payload has as text, else the contract's key, else the id in the stream's name. */
export function unitOf(event: SourceEvent, fields: readonly string[], key: string | undefined): string {
  const data = event.data as Record<string, unknown> | null
  if (typeof data === 'object' && data !== null) {
    for (const field of key === undefined ? fields : [...fields, key]) {
      const value = data[field]
      if (typeof value === 'string') return value
      if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
    }
  }
  const dash = event.stream.indexOf('-')
  return dash === -1 ? event.stream : event.stream.slice(dash + 1)
}
