import type { Clock } from './clock.ts'
import type { Verdict } from './item.ts'
import { keptError, type KeptError } from './failure.ts'

/** Seconds that a rate is taken over. */
const window = 10

/** Where something may be in the way. */
export type Trouble = 'handling' | 'reading' | 'keeping' | 'retrying'

/** Counts what a running consumer does, for its status and metrics, and tells who waits for progress. */
export class Meter {
  readonly #clock: Clock
  readonly #began: number
  /** Events handled in each of the last seconds; index = second modulo its length. */
  readonly #seconds = Array.from({ length: window + 1 }, () => ({ second: 0, events: 0 }))
  handledTotal = 0
  failedTotal = 0
  parkedTotal = 0
  readonly #troubles = new Map<Trouble, KeptError>()
  /** Called after each commit and each page read. */
  onProgress: () => void = () => undefined
  /** Called when effects are to be made outside. */
  onOutside: () => void = () => undefined
  /** Called when slots were given up. */
  onLost: () => void = () => undefined
  /** Called when an event was put aside, to be tried again after `delayMs`. */
  onAside: (delayMs: number) => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#began = clock.now()
  }

  /** A transaction went through, with effects that are to be made outside. */
  handled(events: number, outside: number): void {
    this.handledTotal += events
    this.#troubles.delete('handling')
    const second = Math.floor(this.#clock.now() / 1_000)
    const bucket = this.#seconds[second % this.#seconds.length]!
    if (bucket.second !== second) Object.assign(bucket, { second, events: 0 })
    bucket.events += events
    if (outside > 0) this.onOutside()
    this.onProgress()
  }

  /** A page was read. */
  progressed(): void {
    this.#troubles.delete('reading')
    this.onProgress()
  }

  /** Something failed for reasons of its own and is tried again; undefined when it went through. */
  trouble(at: Trouble, error: unknown): void {
    if (error === undefined) this.#troubles.delete(at)
    else this.#troubles.set(at, keptError(error))
  }

  get troubled(): KeptError | undefined {
    return this.#troubles.values().next().value
  }

  /** An event was put aside, and that is committed: it can be found when its time comes. */
  aside({ state, delayMs }: Verdict): void {
    this.failedTotal += 1
    if (state === 'poison') this.parkedTotal += 1
    else this.onAside(delayMs)
  }

  /** Slots were given up: claim anew. */
  lost(): void {
    this.onLost()
  }

  /** Events a second over the last ten whole ones, or since the start. */
  rate(): number {
    const now = this.#clock.now()
    const second = Math.floor(now / 1_000)
    const events = this.#seconds
      .filter((bucket) => bucket.second < second && bucket.second >= second - window)
      .reduce((sum, bucket) => sum + bucket.events, 0)
    return events / Math.min(window, Math.max(1, Math.floor((now - this.#began) / 1_000)))
  }
}
