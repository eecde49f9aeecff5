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
 * Where the parts of a line lie, as offsets. All attributes before `data` are texts and numbers, and a quote inside a text is
 * escaped, so the first `,"name":` in a line is the attribute itself and never something inside a value.
 */
export interface LineParts {
  readonly position: number
  readonly type: string
  readonly schemaVersion: number
  /** Of `,"streamversion":`; `previousposition` goes before it. */
  readonly streamVersionAt: number
  /** Of the first digit of the schema version, and just after the last. */
  readonly schemaVersionFrom: number
  readonly schemaVersionTo: number
}

const typeMark = ',"type":"'
const streamVersionMark = ',"streamversion":'
const schemaVersionMark = ',"schemaversion":'
const dataMark = ',"data":'

/** Finds the parts of the line that begins at `start` of a text. Throws when the log wrote something else. */
export function partsOf(text: string, start: number): LineParts {
  const type = text.indexOf(typeMark, start) + typeMark.length
  const streamVersionAt = text.indexOf(streamVersionMark, type)
  const schemaVersionFrom = text.indexOf(schemaVersionMark, streamVersionAt) + schemaVersionMark.length
  if (type < typeMark.length || streamVersionAt < 0 || schemaVersionFrom < schemaVersionMark.length) {
    throw new Error(
      `Expected the log to write events in the order of attributes that spec/feed.md gives, got "${text.slice(start, start + 80)}…". Write them by lineOf.`,
    )
  }
  const schemaVersionTo = text.indexOf(',', schemaVersionFrom)
  return {
    position: numberBefore(text, streamVersionAt),
    type: text.slice(type, text.indexOf('"', type)),
    schemaVersion: numberBefore(text, schemaVersionTo),
    streamVersionAt,
    schemaVersionFrom,
    schemaVersionTo,
  }
}

/** The id of the event of a line. */
export function idOf(line: string): string {
  const from = line.indexOf('"id":') + '"id":'.length
  return JSON.parse(line.slice(from, line.indexOf(',"source":', from))) as string
}

/** The JSON text of the data of a line. */
export function dataOf(line: string): string {
  return line.slice(line.indexOf(dataMark) + dataMark.length, -1)
}

function numberBefore(text: string, end: number): number {
  let value = 0
  let scale = 1
  for (let at = end - 1; ; at--) {
    const digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return value
    value += digit * scale
    scale *= 10
  }
}
