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
  readonly #askLast: () => Promise<unknown>
  readonly #waiting = new Set<Waiter>()
  #known = 0
  /** How often more was heard of. */
  #grown = 0
  #timer: NodeJS.Timeout | undefined
  #pauseMs = pollMs
  #asking = false

  /** @param askLast asks the log how far it reaches, and tells what `asking` answered. */
  constructor(askLast: () => Promise<unknown>) {
    this.#askLast = askLast
  }

  /** The log is known to reach at least this far. */
  reached(last: number): void {
    if (last <= this.#known) return
    this.#known = last
    this.#grown += 1
    this.#pauseMs = pollMs
    for (const waiter of this.#waiting) if (waiter.after < last) waiter.resolve(last)
  }

  /**
   * Called before the log is asked how far it reaches, it answers what to call with what the log says. That may be less than was
   * known: a standby that took over may not have seen everything. Where more was heard of meanwhile, it only comes late.
   */
  asking(): (last: number) => void {
    const grown = this.#grown
    return (last) => {
      if (last < this.#known && grown === this.#grown) this.#known = last
      this.reached(last)
    }
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
      await this.#askLast()
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
