import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The landscape's time: the real one, or one set ahead where time is tried out. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** How far it is ahead of the real time, in milliseconds. */
  readonly aheadMs: number
  /** Sets it ahead for good: what was recorded meanwhile can never come before what was recorded already. */
  advance(ms: number): Promise<void>
}

const farthestMs = 10 * 365 * 24 * 3_600_000

/** The clock kept in a landscape's directory. */
export async function openClock(directory: string, real: () => number): Promise<Clock> {
  const path = join(directory, 'clock.json')
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  let aheadMs = kept === undefined ? 0 : (JSON.parse(kept) as { aheadMs: number }).aheadMs
  return {
    now: () => real() + aheadMs,
    get aheadMs() {
      return aheadMs
    },
    async advance(ms) {
      if (!Number.isSafeInteger(ms) || ms < 1 || aheadMs + ms > farthestMs) {
        throw Object.assign(
          new TypeError(`Expected whole milliseconds that set the clock ten years ahead at most, got ${ms}.`),
          {
            code: 'HW_CLOCK',
          },
        )
      }
      aheadMs += ms
      await writeFile(path, JSON.stringify({ aheadMs }))
    },
  }
}
