import type { LogRow } from './log.ts'

/**
 * An event as a log writes it: CloudEvents JSON in the order of attributes that the spec gives, without `previousposition` and
 * `partitionkey`, which depend on who reads. No line break inside.
 */
export function lineOf(service: string, row: LogRow): string {
  const text = JSON.stringify
  const traceparent = row.traceparent === undefined ? '' : `,"traceparent":${text(row.traceparent)}`
  return (
    `{"specversion":"1.0","id":${text(row.id)},"source":${text(`/${service}`)},"type":${text(row.type)},"subject":${text(row.stream)}` +
    `,"time":${text(row.occurredAt)},"datacontenttype":"application/json","position":${row.position}` +
    `,"streamversion":${row.version},"schemaversion":${row.schemaVersion},"recordedtime":${text(row.recordedAt)}` +
    `,"correlationid":${text(row.correlationId)},"causationid":${text(row.causationId)}${traceparent}` +
    `,"data":${row.data.replaceAll(/[\r\n]/g, ' ')}}`
  )
}

/**
 * Where the parts of a line lie. All attributes before `data` are texts and numbers, and a quote inside a text is escaped, so the
 * first `,"name":` in a line is the attribute itself and never something inside a value.
 */
export interface LineParts {
  readonly position: number
  readonly type: string
  readonly schemaVersion: number
  /** Byte offset of `,"streamversion":`; `previousposition` goes before it. */
  readonly streamVersionAt: number
  /** Byte offset of the first digit of the schema version, and just after the last. */
  readonly schemaVersionFrom: number
  readonly schemaVersionTo: number
}

const typeMark = Buffer.from(',"type":"')
const streamVersionMark = Buffer.from(',"streamversion":')
const schemaVersionMark = Buffer.from(',"schemaversion":')
const idMark = Buffer.from('"id":')
const dataMark = Buffer.from(',"data":')
const comma = 44
const quote = 34

/** Finds the parts of the line that begins at `start` of `bytes`. Throws when the log wrote something else. */
export function partsOf(bytes: Buffer, start: number): LineParts {
  const type = bytes.indexOf(typeMark, start) + typeMark.length
  const streamVersionAt = bytes.indexOf(streamVersionMark, type)
  const schemaVersionFrom = bytes.indexOf(schemaVersionMark, streamVersionAt) + schemaVersionMark.length
  if (type < typeMark.length || streamVersionAt < 0 || schemaVersionFrom < schemaVersionMark.length) {
    const seen = bytes.toString('utf8', start, start + 80)
    throw new Error(
      `Expected the log to write events in the order of attributes that spec/feed.md gives, got "${seen}…". Write them by lineOf.`,
    )
  }
  const schemaVersionTo = bytes.indexOf(comma, schemaVersionFrom)
  return {
    position: numberBefore(bytes, streamVersionAt),
    type: bytes.toString('latin1', type, bytes.indexOf(quote, type)),
    schemaVersion: numberBefore(bytes, schemaVersionTo),
    streamVersionAt,
    schemaVersionFrom,
    schemaVersionTo,
  }
}

/** The id of an event's line. */
export function idOf(line: Buffer): string {
  const from = line.indexOf(idMark) + idMark.length
  return JSON.parse(line.toString('utf8', from, line.indexOf(',"source":', from))) as string
}

/** Byte offset of the data in a line; it ends one byte (the brace) before the line does. */
export function dataAt(bytes: Buffer, start: number): number {
  return bytes.indexOf(dataMark, start) + dataMark.length
}

function numberBefore(bytes: Buffer, end: number): number {
  let value = 0
  let scale = 1
  for (let at = end - 1; bytes[at]! >= 48 && bytes[at]! <= 57; at--) {
    value += (bytes[at]! - 48) * scale
    scale *= 10
  }
  return value
}
