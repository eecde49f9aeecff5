import type { LogRow, StoredEvent } from './event.ts'
import type { TextRow } from './session.ts'

/** A row of `log-rows` and `stream-rows`, in their order of columns. */
export function logRowOf(row: TextRow): LogRow {
  const [position, id, stream, version, type, schemaVersion, data, occurredAt, recordedAt, correlation, causation] =
    row as readonly string[]
  const known = {
    position: Number(position),
    id: id!,
    stream: stream!,
    version: Number(version),
    type: type!,
    schemaVersion: Number(schemaVersion),
    data: data!,
    occurredAt: occurredAt!,
    recordedAt: recordedAt!,
    correlationId: correlation!,
    causationId: causation!,
  }
  const traceparent = row[11]
  return traceparent === null || traceparent === undefined ? known : { ...known, traceparent }
}

export function storedEventOf(row: TextRow): StoredEvent {
  const { data, ...rest } = logRowOf(row)
  return { ...rest, data: JSON.parse(data) }
}

/** An event from a line of `log-page`. */
export function eventOf(line: string): StoredEvent {
  const [
    position,
    version,
    schemaVersion,
    id,
    stream,
    type,
    occurredAt,
    recordedAt,
    correlationId,
    causationId,
    traceparent,
    data,
  ] = JSON.parse(line)
  const event = {
    position,
    id,
    stream,
    version,
    type,
    schemaVersion,
    data,
    occurredAt,
    recordedAt,
    correlationId,
    causationId,
  }
  return traceparent === null ? event : { ...event, traceparent }
}
