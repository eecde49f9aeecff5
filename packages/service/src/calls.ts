/** What one service asked of another since this process began. */
export interface Call {
  readonly service: string
  readonly count: number
}

/** Looking for links and reading feeds and promises is no call: consumers say themselves what they read. */
const reading = /^\/[^/]+(\/?$|\/(events|log|contract)(\/|$))/

/** Who asks whom among the services of a landscape, counted in memory for those who look at it. */
export class Calls {
  readonly #counts = new Map<string, Map<string, number>>()

  /** The same fetch, counted as of one service. */
  countedAs(from: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
    return (input, init) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      const to = pathname.split('/')[1] ?? ''
      if (to !== '' && to !== from && !reading.test(pathname)) this.#note(from, to)
      return fetch(input, init)
    }
  }

  /** Of those that are asked now, by name. */
  of(from: string, running: { has(service: string): boolean }): readonly Call[] {
    const counts = [...(this.#counts.get(from) ?? [])].filter(([service]) => running.has(service))
    return counts.map(([service, count]) => ({ service, count })).sort((a, b) => (a.service < b.service ? -1 : 1))
  }

  #note(from: string, to: string): void {
    const counts = this.#counts.get(from) ?? new Map<string, number>()
    this.#counts.set(from, counts.set(to, (counts.get(to) ?? 0) + 1))
  }
}
