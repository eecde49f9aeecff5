import type { Cursor } from '../cursor.ts'
import { elementsOf } from './json-elements.ts'
import { FeedFailure } from './failure.ts'
import { feedEvent, type FeedEvent } from './feed-event.ts'

/** What a feed shows of the positions `from`..`to`; the pages of one reading join. */
export interface FeedPage {
  /** Name of the log's lineage. */
  readonly log: string
  readonly from: number
  readonly to: number
  readonly events: readonly FeedEvent[]
  /** True when nothing lay beyond `to` as this page was read. */
  readonly atEnd: boolean
  /** Where to resume: the place of `to`. */
  readonly cursor: Cursor
}

/** Text that is held until its range is known; a server that keeps to the format stays far below. */
const mostHeld = 64 << 20
const rangeMark = '{"range":'

/** The pages of an answer in lines: one for each range line. Events without one are not covered and not handed on. */
export async function* pagesOfLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FeedPage> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  let held = 0
  let events: FeedEvent[] = []
  let ended = false
  for await (const chunk of chunks) {
    rest += decode(decoder, chunk)
    let start = 0
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      const line = rest.slice(start, end)
      start = end + 1
      ended = line.startsWith(rangeMark)
      if (ended) {
        yield pageOf(parse(line).range, events)
        events = []
        held = 0
      } else if (line !== '') {
        events.push(feedEvent(line))
        held += line.length
      }
    }
    rest = rest.slice(start)
    if (held + rest.length > mostHeld) throw tooMuch()
  }
  if (!ended)
    throw new FeedFailure('HW_FEED_BROKEN_OFF', 'The answer broke off before its last range line. Asking again.')
}

/** The page of an answer in JSON. */
export async function pageOfJson(chunks: AsyncIterable<Uint8Array>): Promise<FeedPage> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  for await (const chunk of chunks) {
    text += decode(decoder, chunk)
    if (text.length > mostHeld) throw tooMuch()
  }
  const page = parse(text)
  const elements = elementsOf(text, 'events')
  if (elements === undefined) throw unreadable('a page with an array of events', text)
  return pageOf(page, elements.map(feedEvent))
}

/** Checks that range and events fit together, and makes the page. */
function pageOf(range: unknown, events: readonly FeedEvent[]): FeedPage {
  const { log, from, to, count, cursor, atEnd } = (range ?? {}) as Record<string, unknown>
  const [, position, id = ''] = /^(\d{1,16})(?:\.(.+))?$/.exec(String(cursor)) ?? []
  if (typeof log !== 'string' || !isPosition(from) || !isPosition(to) || Number(position) !== to || from > to + 1) {
    throw unreadable('a range with log, from, to and the cursor of to', JSON.stringify(range))
  }
  if (count !== events.length) {
    throw unreadable(`${String(count)} events, as the range ${from}-${to} says`, `${events.length}`)
  }
  let last = from - 1
  for (const [index, { position: at, previousPosition }] of events.entries()) {
    const skipped = index > 0 && previousPosition !== undefined && previousPosition !== last
    if (at <= last || at > to || skipped)
      throw unreadable(`an event between ${last} and ${to}, in order`, `one at ${at}`)
    last = at
  }
  return { log, from, to, events, atEnd: atEnd === true, cursor: { log, position: to, id } }
}

function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function parse(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw unreadable('JSON', text)
}

function decode(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw new FeedFailure('HW_FEED_UNREADABLE', 'Expected UTF-8, got bytes that are not.', { cause })
  }
}

function unreadable(expected: string, got: string): FeedFailure {
  return new FeedFailure('HW_FEED_UNREADABLE', `Expected ${expected}, got ${got.slice(0, 200)}.`)
}

function tooMuch(): FeedFailure {
  return new FeedFailure(
    'HW_FEED_UNREADABLE',
    `Expected a range line at least every 4 MiB (or event), got none in ${mostHeld} characters. The server does not keep to spec/feed.md.`,
  )
}
