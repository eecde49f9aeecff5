import { kafkaClient } from '@headwater/consumer/kafka'
import { now } from './clock.ts'

/** Notes when each event, told by the `n` of its data, is first seen committed in a topic. Milliseconds of `now()`. */
export class Arrivals {
  readonly #at: (number | undefined)[] = []
  readonly #ended = new AbortController()
  readonly #reading: Promise<void>
  seen = 0
  bytes = 0

  constructor(bootstrap: string, topic: string) {
    this.#reading = this.#read(bootstrap, topic)
  }

  at(n: number): number | undefined {
    return this.#at[n]
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    await this.#reading
  }

  async #read(bootstrap: string, topic: string): Promise<void> {
    const client = kafkaClient({ bootstrap })
    const offsets = new Map<number, number>()
    while (!this.#ended.signal.aborted) {
      try {
        const count = await client.partitions(topic)
        if (count === undefined) throw new Error('not yet there')
        const places = Array.from({ length: count }, (_, partition) => ({
          topic,
          partition,
          offset: offsets.get(partition) ?? 0,
        }))
        const fetched = await client.fetch(places, { waitMs: 500, maxBytes: 4_000_000 })
        const at = now()
        for (const { partition, records, next } of fetched) {
          offsets.set(partition, next)
          for (const { value } of records) this.#note(value, at)
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100)) // not yet there, or being made
      }
    }
    await client.close()
  }

  #note(value: string, at: number): void {
    // In the captured row the data is text, so its quotes are escaped.
    const n = Number(/\\?"n\\?":(\d+)/.exec(value)?.[1])
    if (this.#at[n] !== undefined) return
    this.#at[n] = at
    this.seen += 1
    this.bytes += value.length
  }
}
