import { RequestFailed, type Raw, type Send } from './sending.ts'

/** How a place is found: from the one before it. Whole trails are walked again when a service has moved. */
export interface Trail {
  readonly from?: Trail
  find(before: Raw): string
  /** Where it was the last time. */
  url?: string
  /** Entry and homes are kept: they change when a service moves. */
  readonly keep?: true
  kept?: Promise<Raw> | undefined
}

/** Reads the end of a trail; afresh it reads all of it from the entry URL on. */
async function load(send: Send, trail: Trail, fresh: boolean): Promise<Raw> {
  const { from, kept } = trail
  if (!fresh && kept) return kept
  const url = trail.url
  const raw = send(
    (!fresh && url) || (trail.url = from ? trail.find(await load(send, from, fresh)) : trail.find(undefined!)),
  )
  if (trail.keep) {
    trail.kept = raw
    raw.catch(() => (trail.kept = undefined))
  }
  return raw
}

const isWarm = (trail?: Trail): boolean => !!trail && (!!trail.url || isWarm(trail.from))

const isMoved = (error: unknown): error is RequestFailed =>
  error instanceof RequestFailed && (error.status === 404 || error.status === 410 || error.code === 'HW_UNREACHABLE')

/** Does something at a place, known or to be read; once more from the entry URL when what was remembered of the way does not lead there. */
export async function at<T>(send: Send, trail: Trail, todo: (raw: Raw) => Promise<T>, known?: Raw): Promise<T> {
  const warm = isWarm(trail)
  try {
    return await todo(known ?? (await load(send, trail, false)))
  } catch (error) {
    if (!warm || !isMoved(error)) throw error
    const before = known?.url ?? trail.url
    const raw = await load(send, trail, true).catch(() => undefined)
    // Found where it was, and still not there: it has not moved, it is gone.
    if (raw === undefined || (raw.url === before && error.status)) throw error
    return todo(raw)
  }
}
