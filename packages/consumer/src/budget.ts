/** Bounds what is read but not handled: reading waits while it is spent. One event always fits, however large. */
export class Budget {
  readonly #events: number
  readonly #bytes: number
  #heldEvents = 0
  #heldBytes = 0
  #waiting: (() => void)[] = []

  constructor({ events = 10_000, bytes = 16 * 1024 * 1024 }: { events?: number; bytes?: number }) {
    this.#events = events
    this.#bytes = bytes
  }

  get spent(): boolean {
    return this.#heldEvents >= this.#events || this.#heldBytes >= this.#bytes
  }

  take(bytes: number): void {
    this.#heldEvents += 1
    this.#heldBytes += bytes
  }

  give(bytes: number): void {
    this.#heldEvents -= 1
    this.#heldBytes -= bytes
    if (!this.spent) this.release()
  }

  /** Resolves when there is room, or after `release`. */
  async room(): Promise<void> {
    if (this.spent) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  release(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
