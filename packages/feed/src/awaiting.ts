import type { KnownLog, Range } from './known-log.ts'
import type { Place } from './place.ts'
import { refusal } from './problem.ts'
import { rangesOf } from './reading.ts'
import type { View } from './view.ts'

/** Positions that are read in a moment. */
const short = 1_000

/** Position of the last event a query asks for, as of now. */
export async function endOf(known: KnownLog, until: string | undefined): Promise<number> {
  return until === undefined ? known.last() : known.log.before(until)
}

export interface ReadOn {
  readonly limit: number
  readonly waitMs: number
  readonly until?: string
  /** Read no further than this position. */
  readonly stopAt?: number
  readonly now: () => Date
  readonly signal: AbortSignal
}

/** A range and whether anything lay beyond it. */
export interface Piece {
  readonly range: Range
  readonly atEnd: boolean
}

/**
 * Joined ranges from a place to the end of the log, where it waits for an event to show until `waitMs` have passed. Ends with a piece
 * that is at the end, unless the limit or `stopAt` came first. Many who wait cost one wait of the log and one read.
 */
export async function* readOn(known: KnownLog, view: View, from: Place, options: ReadOn): AsyncGenerator<Piece> {
  const { limit, until, now, signal } = options
  const deadline = performance.now() + options.waitMs
  const { generation } = known
  let place = from
  let shown = 0
  // A reader that waits where nothing new is known costs no query: its wait finds out.
  let end = options.waitMs > 0 && until === undefined && place.position === known.seen ? place.position : -1
  for (;;) {
    if (end < place.position) end = Math.max(await endOf(known, until), place.position)
    if (known.generation !== generation) throw replaced()
    const upTo = Math.max(place.position, Math.min(end, options.stopAt ?? end))
    // Asked while the range is read: nobody waits for the one after the other.
    let newer = upTo === end && end - place.position <= short ? endOf(known, until) : undefined
    newer?.catch(() => undefined) // told to whoever awaits it
    for await (const range of rangesOf(known, view, place, { upTo, limit: limit - shown, signal })) {
      shown += range.count
      place = { position: range.to, id: range.id }
      if (range.to === end) end = Math.max(await (newer ?? endOf(known, until)), end)
      newer = undefined
      await known.check()
      if (known.generation !== generation) throw replaced()
      yield { range, atEnd: range.to === end }
    }
    if (signal.aborted) return
    if (shown >= limit || (options.stopAt !== undefined && place.position >= options.stopAt)) return
    if (place.position < end) continue
    const leftMs = deadline - performance.now()
    const over = until !== undefined && Date.parse(until) <= now().getTime()
    if (shown > 0 || leftMs <= 0 || over) return
    const last = await known.waitFor(place.position, { waitMs: leftMs, signal })
    if (known.generation !== generation) throw replaced()
    end = until === undefined ? last : await endOf(known, until)
    if (end <= place.position) return
  }
}

function replaced() {
  return refusal('HW_LOG_UNAVAILABLE', 'The log was replaced while it was read. Ask again with your cursor.')
}
