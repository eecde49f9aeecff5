import type { Clock } from './clock.ts'
import { handledOf, type Holdings } from './holding.ts'
import type { Keeper } from './keeper.ts'
import type { Reader } from './reader.ts'
import { SLOTS } from './slot.ts'

/** Where other processes hold slots, the keeper is asked this often. */
const askMs = 200

type Positions = Readonly<Record<string, number>>

/** Those who wait until everything up to some position is handled. */
export class Arrivals {
  readonly #consumer: string
  readonly #keeper: Keeper
  readonly #holdings: Holdings
  readonly #readers: ReadonlyMap<string, Reader>
  readonly #clock: Clock
  readonly #waiting = new Set<{ positions: Positions; arrived: AbortController }>()

  constructor(on: {
    consumer: string
    keeper: Keeper
    holdings: Holdings
    readers: ReadonlyMap<string, Reader>
    clock: Clock
  }) {
    this.#consumer = on.consumer
    this.#keeper = on.keeper
    this.#holdings = on.holdings
    this.#readers = on.readers
    this.#clock = on.clock
  }

  /** Something was handled here. */
  progressed(): void {
    for (const one of this.#waiting) if (this.#here(one.positions)) one.arrived.abort()
  }

  /** Resolves when all slots, of whatever process, are there; rejects with the signal's reason. */
  async wait(positions: Positions, signal: AbortSignal): Promise<void> {
    const one = { positions, arrived: new AbortController() }
    this.#waiting.add(one)
    const either = AbortSignal.any([one.arrived.signal, signal])
    try {
      while (!this.#here(positions)) {
        signal.throwIfAborted()
        if (!this.#allHere(positions)) {
          // Asked each time: the first may come before the consumer has its rows.
          await this.#ask(positions)
          if (await this.#everywhere(positions)) return
        }
        for (const [service, position] of Object.entries(positions)) this.#readers.get(service)?.nudge(position)
        await this.#clock.sleep(askMs, either)
      }
    } finally {
      this.#waiting.delete(one)
    }
  }

  #here(positions: Positions): boolean {
    return Object.entries(positions).every(([service, position]) => {
      let there = 0
      for (const held of this.#holdings.all(service)) {
        if (handledOf(held).position < position) return false
        there += 1
      }
      return there === SLOTS
    })
  }

  #allHere(positions: Positions): boolean {
    return Object.keys(positions).every((service) => [...this.#holdings.all(service)].length === SLOTS)
  }

  async #ask(positions: Positions): Promise<void> {
    for (const [service, position] of Object.entries(positions)) {
      await this.#keeper.want(this.#consumer, service, position)
    }
  }

  async #everywhere(positions: Positions): Promise<boolean> {
    const progress = new Map((await this.#keeper.progress(this.#consumer)).map((one) => [one.service, one.least]))
    return Object.entries(positions).every(([service, position]) => (progress.get(service) ?? -1) >= position)
  }
}
