import type { KnownLog, Range } from './known-log.ts'
import type { Place } from './place.ts'
import { mostEvents } from './query.ts'
import type { View } from './view.ts'

/** Bytes after which a range ends. */
export const mostBytes = 4 << 20
/** What one COPY is meant to give: large enough that its start does not count, small enough to be over in some 10 ms. */
const goodBytes = 2 << 20
const firstStep = 1_000
const mostStep = 200_000

export interface ReadingOptions {
  /** Last position to read. */
  readonly upTo: number
  /** Most events over all ranges. */
  readonly limit: number
  /** Bytes after which one range ends; default and most: `mostBytes`. */
  readonly bytes?: number
  /** Whoever asked has left: no further range is read. */
  readonly signal?: AbortSignal
}

/**
 * Reads on from a place in joined ranges, each from one bounded COPY that is over before its range is handed on: however slow its
 * reader is, no snapshot is held. The next is read while one is used, so that the log works meanwhile. The last range ends at
 * `upTo`, or at the event that reached the limit.
 */
export async function* rangesOf(
  known: KnownLog,
  view: View,
  place: Place,
  { upTo, limit, bytes = mostBytes, signal }: ReadingOptions,
): AsyncGenerator<Range> {
  let after = place.position
  let left = limit
  let step = Math.min(limit, firstStep)
  const ahead = (): Promise<Range> | undefined => {
    if (after >= upTo || left <= 0 || signal?.aborted === true) return undefined
    const bounds = { events: Math.min(left, mostEvents), bytes }
    const range = known.range(view, { after, upTo: Math.min(upTo, after + Math.max(1, step)), bounds })
    range.catch(() => undefined) // told to whoever asks for it
    return range
  }
  for (let reading = ahead(); reading !== undefined;) {
    const range = await reading
    const covered = range.to - after
    // As many positions as will give enough and pass no bound, judged by the range before; at most eight times as many.
    const events = (0.9 * mostEvents * covered) / Math.max(1, range.count)
    const enough = (Math.min(goodBytes, 0.7 * bytes) * covered) / Math.max(1, range.bytes.length)
    step = Math.floor(Math.min(mostStep, 8 * step + 8, events, enough))
    after = range.to
    left -= range.count
    reading = ahead()
    yield range
    if (signal?.aborted === true) return
  }
}

/** Several joined ranges as one. */
export function joined(place: Place, ranges: readonly Range[]): Range {
  const last = ranges.at(-1)
  if (last === undefined) {
    const { position, id } = place
    return { from: position + 1, to: position, id, count: 0, bytes: Buffer.alloc(0), lastShown: position }
  }
  if (ranges.length === 1) return last
  return {
    ...last,
    from: ranges[0]!.from,
    count: ranges.reduce((sum, { count }) => sum + count, 0),
    bytes: Buffer.concat(ranges.map(({ bytes }) => bytes)),
  }
}
