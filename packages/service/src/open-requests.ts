/** Requests that may still write: their store is not closed under them. */
export class OpenRequests {
  readonly #open = new Set<Promise<unknown>>()

  async track<T>({ method }: Request, answer: Promise<T>): Promise<T> {
    if (method === 'GET' || method === 'HEAD') return await answer
    this.#open.add(answer)
    try {
      return await answer
    } finally {
      this.#open.delete(answer)
    }
  }

  /** Resolves when all that are open now were answered, or after a time. */
  async answered(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
    await Promise.race([Promise.allSettled(this.#open), late])
    clearTimeout(timer)
  }
}
