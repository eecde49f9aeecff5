import { linesPiece, rangeObject } from './answer.ts'
import { readOn } from './awaiting.ts'
import { joined } from './reading.ts'
import type { Place } from './place.ts'
import type { Query } from './query.ts'
import { type Asked, lineageOf, type Serving } from './serving.ts'
import type { Pieces } from './streaming.ts'
import type { View } from './view.ts'

/** A stream is ended between two ranges after this time, so that rights, contract and placement are looked at anew. */
const mostStreamMs = 5 * 60_000
const keepAliveMs = 15_000

export interface Stream {
  readonly asked: Asked
  readonly view: View
  readonly place: Place
  readonly query: Query
}

/** Lines: events and range lines, to the end of the log. */
export async function* linesOf({ known, now }: Serving, { asked, view, place, query }: Stream): Pieces {
  const log = await lineageOf(known)
  const startedAt = performance.now()
  const { limit = Infinity, waitMs, until } = query
  const options = { limit, waitMs, now, signal: asked.signal, ...(until === undefined ? {} : { until }) }
  let ranges = 0
  for await (const { range, atEnd } of readOn(known, view, place, options)) {
    ranges++
    yield linesPiece(log, range, atEnd)
    if (performance.now() - startedAt > mostStreamMs) return
  }
  if (ranges === 0) yield linesPiece(log, joined(place, []), limit > 0 || place.position === (await known.last()))
}

/** Server-sent events, for as long as both sides like. */
export async function* liveOf(serving: Serving, { asked, view, place, query }: Stream): Pieces {
  const { known, now, viewFor } = serving
  const log = await lineageOf(known)
  const startedAt = performance.now()
  const { limit = Infinity, until } = query
  let at = place
  let left = limit
  yield Buffer.from('retry: 1000\n\n')
  while (left > 0 && performance.now() - startedAt < mostStreamMs && !asked.signal.aborted) {
    // An experiment's access ends on its date also for those who are already reading.
    if (viewFor(asked.caller, query.choice).hash !== view.hash) return
    const options = {
      limit: left,
      waitMs: keepAliveMs,
      now,
      signal: asked.signal,
      ...(until === undefined ? {} : { until }),
    }
    for await (const { range, atEnd } of readOn(known, view, at, options)) {
      at = { position: range.to, id: range.id }
      left -= range.count
      yield liveBlocks(range.bytes, `${range.to}.${range.id}`, rangeObject(log, range, atEnd))
    }
    yield Buffer.from(':\n\n')
  }
}

const idMark = '"id":'
const positionMark = ',"position":'

function liveBlocks(lines: Buffer, cursor: string, range: string): Buffer {
  const blocks: string[] = []
  for (const line of lines.toString('utf8').split('\n')) {
    if (line !== '') blocks.push(`id: ${cursorOf(line)}\ndata: ${line}\n\n`)
  }
  return Buffer.from(`${blocks.join('')}id: ${cursor}\nevent: range\ndata: ${range}\n\n`)
}

function cursorOf(line: string): string {
  const id = line.indexOf(idMark) + idMark.length
  const position = line.indexOf(positionMark) + positionMark.length
  return `${line.slice(position, line.indexOf(',', position))}.${JSON.parse(line.slice(id, line.indexOf(',"source":', id)))}`
}
