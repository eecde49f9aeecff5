import type { KnownLog, Range } from './known-log.ts'
import type { Place } from './place.ts'
import { mostEvents } from './query.ts'
import type { View } from './view.ts'

/** Bytes after which a range ends. */
export const mostBytes = 4 << 20
/** A COPY is meant to be over by then; they are given as many positions as that allows. */
const copyMs = 500
const leastStep = 500
const mostStep = 200_000

export interface ReadingOptions {
  /** Last position to read. */
  readonly upTo: number
  /** Most events over all ranges. */
  readonly limit: number
  /** Bytes after which one range ends; default and most: `mostBytes`. */
  readonly bytes?: number
}

/**
 * Reads on from a place in joined ranges, each from one bounded COPY that is over before its range is handed on: however slow its
 * reader is, no snapshot is held. The last range ends at `upTo`, or at the event that reached the limit.
 */
export async function* rangesOf(
  known: KnownLog,
  view: View,
  place: Place,
  { upTo, limit, bytes = mostBytes }: ReadingOptions,
): AsyncGenerator<Range> {
  let after = place.position
  let left = limit
  let step = Math.max(leastStep, Math.min(limit, mostEvents))
  while (after < upTo && left > 0) {
    const startedAt = performance.now()
    const wanted = { after, upTo: Math.min(upTo, after + step), bounds: { events: Math.min(left, mostEvents), bytes } }
    const range = await known.range(view, wanted)
    after = range.to
    left -= range.count
    // Where little is shown, steps grow; where reading is slow, they shrink.
    const tookMs = performance.now() - startedAt
    if (tookMs > copyMs) step = Math.max(leastStep, step >> 1)
    else if (range.to === wanted.upTo && tookMs < copyMs / 4) step = Math.min(mostStep, step * 2)
    yield range
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
