interface Waiter {
  readonly after: number
  readonly resolve: (last: number) => void
  readonly reject: (error: unknown) => void
}

/** While somebody waits, the last position is asked for at this pace… */
const pollMs = 5
/** …slower, down to this, the longer nothing comes: a quiet log costs a query a second, whoever waits. */
const slowestPollMs = 1_000

/**
 * Those who wait for the log to grow. Appends of this process wake them at once; those of other processes are seen by one small
 * query at a time for all waiters together. No LISTEN: it needs a session, and NOTIFY makes commits of the whole cluster queue.
 */
export class Waiters {
  readonly #askLast: () => Promise<number>
  readonly #waiting = new Set<Waiter>()
  #known = 0
  #timer: NodeJS.Timeout | undefined
  #pauseMs = pollMs
  #asking = false

  constructor(askLast: () => Promise<number>) {
    this.#askLast = askLast
  }

  /** The log is known to reach at least this far. */
  reached(last: number): void {
    if (last > this.#known) this.told(last)
  }

  /** It reaches this far, and no further: a standby that took over may not have seen everything. */
  told(last: number): void {
    const more = last > this.#known
    this.#known = last
    if (!more) return
    this.#pauseMs = pollMs
    for (const waiter of this.#waiting) if (waiter.after < last) waiter.resolve(last)
  }

  async wait(after: number, { waitMs, signal }: { waitMs: number; signal?: AbortSignal }): Promise<number> {
    signal?.throwIfAborted()
    if (this.#known > after) return this.#known
    let timer: NodeJS.Timeout | undefined
    let waiter: Waiter | undefined
    let abort: (() => void) | undefined
    try {
      return await new Promise<number>((resolve, reject) => {
        waiter = { after, resolve, reject }
        abort = () => reject(signal?.reason)
        signal?.addEventListener('abort', abort)
        timer = setTimeout(() => resolve(this.#known), waitMs)
        this.#waiting.add(waiter)
        if (!this.#asking) void this.#ask()
      })
    } finally {
      clearTimeout(timer)
      if (waiter !== undefined) this.#waiting.delete(waiter)
      if (abort !== undefined) signal?.removeEventListener('abort', abort)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { resolve } of this.#waiting) resolve(this.#known)
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer)
    this.#asking = true
    try {
      this.told(await this.#askLast())
    } catch (error) {
      // A log that cannot be read must not look like one where nothing happens.
      for (const { reject } of this.#waiting) reject(error)
    }
    this.#asking = false
    if (this.#waiting.size === 0) return
    this.#timer = setTimeout(() => void this.#ask(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 1.2, slowestPollMs)
  }
}
