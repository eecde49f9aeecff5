import type { Clock } from './clock.ts'
import type { Consumer } from './consumer.ts'
import { type Held, type Holdings, refsOf } from './holding.ts'
import type { Keeper } from './keeper.ts'
import type { Lane } from './lane.ts'
import type { Meter } from './meter.ts'

export interface RetriesOptions {
  readonly consumer: Consumer
  readonly keeper: Keeper
  readonly holdings: Holdings
  readonly lanes: readonly Lane[]
  readonly clock: Clock
  readonly meter: Meter
  /** What a person asks for is seen after this time at most. */
  readonly everyMs: number
  readonly signal: AbortSignal
}

/** Gives parked keys to their lanes when their turn has come: by time, or because a person asked. */
export class Retries {
  readonly #on: RetriesOptions
  #nextAt = 0
  #wake = new AbortController()

  constructor(on: RetriesOptions) {
    this.#on = on
    on.signal.addEventListener('abort', () => this.#wake.abort(), { once: true })
  }

  /** An event is to be tried again after `delayMs`. */
  after(delayMs: number): void {
    const at = this.#on.clock.now() + delayMs
    if (at >= this.#nextAt) return
    this.#nextAt = at
    this.#wake.abort()
  }

  async work(): Promise<void> {
    const { clock, everyMs, signal, meter } = this.#on
    while (!signal.aborted) {
      this.#wake = new AbortController()
      const now = clock.now()
      if (this.#nextAt <= now) {
        this.#nextAt = now + everyMs
        try {
          await this.#giveDue()
          meter.trouble('retrying', undefined)
        } catch (error) {
          meter.trouble('retrying', error)
        }
      }
      await clock.sleep(Math.max(1, this.#nextAt - clock.now()), this.#wake.signal)
    }
  }

  async #giveDue(): Promise<void> {
    const { consumer, keeper, holdings, lanes } = this.#on
    const parked: Held[] = [...holdings.all()].filter((held) => held.parkedKeys.size > 0 && !held.leaving)
    for (const key of await keeper.parked.due(consumer.name, refsOf(parked))) {
      const held = holdings.get(key.service, key.slot)
      if (held !== undefined) lanes[held.slot % lanes.length]!.retry(held, key)
    }
  }
}
