/** One at a time for each key, in order of arrival. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Resolves when it is this caller's turn, with the function that ends it. */
  async take(key: string): Promise<() => void> {
    let end: () => void = () => undefined
    const mine = new Promise<void>((resolve) => (end = resolve))
    const before = this.#last.get(key)
    const last = before === undefined ? mine : before.then(() => mine)
    this.#last.set(key, last)
    await before
    return () => {
      if (this.#last.get(key) === last) this.#last.delete(key)
      end()
    }
  }
}
