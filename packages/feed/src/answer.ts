import { cursorText } from './cursor.ts'
import type { Range } from './known-log.ts'
import type { Links } from './links.ts'

/** What was read for a bounded answer, and what is said beside it. */
export interface Answer {
  readonly service: string
  readonly view: string
  readonly log: string
  readonly edition: string
  readonly range: Range
  readonly atEnd: boolean
  readonly self: string
  readonly next: string
  readonly prev?: string
  readonly page?: string
  readonly links: Links
}

const newline = 10
const comma = 44

/** The page as JSON: state at top level, links added, an event a line. */
export function pageBody(answer: Answer): Buffer<ArrayBuffer> {
  const { service, view, log, edition, range, atEnd, self, next, prev, page, links } = answer
  const { from, to, count, bytes } = range
  const head = {
    service,
    view,
    log,
    edition,
    from,
    to,
    count,
    cursor: cursorText({ position: to, id: range.id }),
    atEnd,
  }
  const _links = {
    self: { href: self },
    next: { href: next },
    ...(prev === undefined ? {} : { prev: { href: prev } }),
    ...(page === undefined ? {} : { page: { href: page } }),
    ...links.standing,
  }
  const opening = `${JSON.stringify(head).slice(0, -1)},\n"_links":${JSON.stringify(_links)},\n"events":[\n`
  return Buffer.concat([Buffer.from(opening), withCommas(bytes, count), Buffer.from(']}\n')])
}

export function batchBody({ range: { bytes, count } }: Answer): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from('['), withCommas(bytes, count), Buffer.from(']')])
}

/** Events and the range line that speaks for them. */
export function linesPiece(log: string, range: Range, atEnd: boolean): Buffer<ArrayBuffer> {
  return Buffer.concat([range.bytes, Buffer.from(`{"range":${rangeObject(log, range, atEnd)}}\n`)])
}

/** The range as said in lines and live. */
export function rangeObject(log: string, { from, to, id, count }: Range, atEnd: boolean): string {
  return JSON.stringify({ log, from, to, count, cursor: cursorText({ position: to, id }), atEnd })
}

/** The range in headers, for faces that have no room for it. */
export function rangeHeaders({ log, range, atEnd, next }: Answer): Record<string, string> {
  return {
    'headwater-log': log,
    'headwater-range': `${range.from}-${range.to}`,
    'headwater-cursor': cursorText({ position: range.to, id: range.id }),
    'headwater-at-end': String(atEnd),
    link: `<${next}>; rel="next"`,
  }
}

/** Lines as elements of an array: a comma before each line feed but the last. */
function withCommas(lines: Buffer, count: number): Buffer {
  if (count < 2) return lines
  const out = Buffer.allocUnsafe(lines.length + count - 1)
  let at = 0
  let start = 0
  for (let line = 1; line < count; line++) {
    const end = lines.indexOf(newline, start)
    at += lines.copy(out, at, start, end)
    out[at++] = comma
    out[at++] = newline
    start = end + 1
  }
  lines.copy(out, at, start)
  return out
}
