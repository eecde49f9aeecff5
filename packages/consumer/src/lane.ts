import { type Attempting, attempt, attemptParked } from './attempt.ts'
import type { Budget } from './budget.ts'
import type { Clock } from './clock.ts'
import type { ConsumedEvent } from './consumer.ts'
import { backOffMs, Fatal, judge, keptError, type Judgement } from './failure.ts'
import type { Held, Holdings } from './holding.ts'
import type { Meter } from './meter.ts'
import { isReplay, type Item, type Verdict } from './item.ts'
import type { KeyRef } from './parked.ts'

export interface LaneOptions extends Attempting {
  readonly holdings: Holdings
  readonly budget: Budget
  readonly clock: Clock
  readonly random: () => number
  readonly judge?: ((error: unknown) => Judgement | undefined) | undefined
  readonly meter: Meter
}

/** One transaction at a time, over the events of its slots, in order. */
export class Lane {
  readonly #on: LaneOptions
  readonly #most: number
  #queue: Item[] = []
  #inHand: readonly Item[] = []
  #retries: { held: Held; key: KeyRef }[] = []
  #wake: (() => void) | undefined
  #stopped = false

  constructor(on: LaneOptions) {
    this.#on = on
    this.#most = on.consumer.options.batch?.events ?? 200
  }

  /** The first event of a service that waits or is in hand. */
  oldest(service: string): ConsumedEvent | undefined {
    const of = ({ event }: Item): boolean => event.service === service
    return (this.#inHand.find(of) ?? this.#queue.find(of))?.event
  }

  add(item: Item): void {
    const { held, event } = item
    held.pending += 1
    held.given = event.position
    held.read = event.position
    held.readId = event.id
    this.#on.budget.take(item.bytes)
    this.#queue.push(item)
    if (this.#queue.length === 1 || this.#queue.length >= this.#most) this.#wake?.()
  }

  /** Has the front of a parked key handled, between two batches. */
  retry(held: Held, key: KeyRef): void {
    if (this.#retries.some((one) => one.key.key === key.key && one.held === held)) return
    this.#retries.push({ held, key })
    this.#wake?.()
  }

  /** Ends after the transaction in hand; what is queued is dropped, for the next holder. */
  stop(): void {
    this.#stopped = true
    this.#wake?.()
  }

  /** Works until stopped. Rejects when the consumer must not go on. */
  async work(): Promise<void> {
    const waitMs = this.#on.consumer.options.batch?.waitMs ?? 0
    while (!this.#stopped) {
      const retry = this.#retries.shift()
      if (retry !== undefined) await this.#retryKey(retry.held, retry.key)
      else if (this.#queue.length === 0) await this.#woken()
      else {
        if (waitMs > 0 && this.#queue.length < this.#most) await this.#gather(waitMs)
        this.#inHand = this.#cut()
        await this.#settle(this.#inHand)
        this.#inHand = []
      }
    }
    this.#drop(this.#queue.splice(0))
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#wake = undefined
  }

  async #gather(waitMs: number): Promise<void> {
    const full = new AbortController()
    this.#wake = () => {
      if (this.#stopped || this.#queue.length >= this.#most) full.abort()
    }
    await this.#on.clock.sleep(waitMs, full.signal)
    this.#wake = undefined
  }

  /** The next events for one transaction: none of a slot given up, none of a replay together with live ones. */
  #cut(): Item[] {
    const cut: Item[] = []
    let taken = 0
    for (const item of this.#queue) {
      if (cut.length === this.#most) break
      if (item.held.lost || item.held.leaving) this.#drop([item])
      else if (cut.length > 0 && isReplay(cut[0]!) !== isReplay(item)) break
      else cut.push(item)
      taken += 1
    }
    this.#queue = this.#queue.slice(taken)
    return cut
  }

  #drop(items: readonly Item[]): void {
    for (const { held, bytes } of items) {
      held.pending -= 1
      this.#on.budget.give(bytes)
    }
  }

  /** Commits these events in as few transactions as their failures allow; each is handled at most a few times. */
  async #settle(items: readonly Item[]): Promise<void> {
    const runs = [[...items]]
    let troubles = 0
    for (let run = runs.pop(); run !== undefined && !this.#stopped; run = runs.pop()) {
      if (run.length === 0) continue
      const outcome = await attempt(this.#on, run)
      if (outcome.kind === 'committed') {
        this.#on.meter.handled(outcome.handled, outcome.outside)
        for (const { verdict } of run) if (verdict !== undefined) this.#on.meter.aside(verdict)
        troubles = 0
      } else if (outcome.kind === 'failed') {
        runs.push(...(await this.#split(run, outcome)))
      } else if (outcome.kind === 'trouble' && outcome.trouble === 'again') {
        this.#on.meter.trouble('handling', outcome.error)
        await this.#pause(troubles++)
        runs.push(run)
      } else {
        this.#giveUp([run, ...runs].flat(), outcome.kind === 'trouble' ? outcome.error : undefined)
        if (outcome.kind === 'trouble') await this.#pause(troubles++)
        break
      }
    }
    this.#drop(items)
  }

  /** Runs to do instead, last one first: up to the failed event with a verdict on it, then the rest. Halves when it is not known. */
  async #split(run: Item[], { index, error }: { index?: number; error: unknown }): Promise<Item[][]> {
    const at = index ?? (run.length === 1 ? 0 : undefined)
    if (at === undefined) {
      const middle = run.length >> 1
      return [run.slice(middle), run.slice(0, middle)]
    }
    const item = run[at]!
    if (item.verdict !== undefined) throw error
    const verdict = this.#decide(error, 0)
    if (this.#mayPark()) {
      item.verdict = verdict
      return [run.slice(at + 1), run.slice(0, at + 1)]
    }
    if (verdict.state === 'poison') throw this.#tooManyParked(item, error)
    this.#on.meter.trouble('handling', error)
    await this.#pause(5)
    return [run.slice(at), run.slice(0, at)]
  }

  #decide(error: unknown, attemptsBefore: number): Verdict {
    const { consumer, random } = this.#on
    const judgement = this.#on.judge?.(error) ?? judge(error)
    if (judgement === 'fatal') throw error
    const attempts = attemptsBefore + 1
    const most = consumer.options.attempts ?? 10
    const state = judgement === 'retriable' && attempts < most ? 'retrying' : 'poison'
    const delayMs = state === 'retrying' ? backOffMs(attempts, random) : 0
    return { state, attempts, delayMs, error: keptError(error) }
  }

  /** Whether one more key may wait. */
  #mayPark(): boolean {
    const { consumer, holdings } = this.#on
    return holdings.count().parkedKeys < (consumer.options.parkedKeys ?? 1_000)
  }

  #tooManyParked({ event }: Item, error: unknown): Fatal {
    return new Fatal(
      `Consumer ${this.#on.consumer.name} would park ${event.type} ${event.id}, but as many keys are parked as allowed. Mend the handler, then retry them. Its error: ${String(error)}`,
      { cause: error },
    )
  }

  #giveUp(items: readonly Item[], error: unknown): void {
    if (error !== undefined) this.#on.meter.trouble('handling', error)
    this.#on.holdings.forget(new Set(items.map(({ held }) => held)))
    this.#on.meter.lost()
  }

  async #pause(attempt: number): Promise<void> {
    await this.#on.clock.sleep(backOffMs(attempt, this.#on.random, { capMs: 5_000 }), this.#on.signal)
  }

  async #retryKey(held: Held, key: KeyRef): Promise<void> {
    let options: Parameters<typeof attemptParked>[3] = { limit: this.#most }
    while (!held.lost && !held.leaving && !this.#stopped) {
      const { outcome, empty, front } = await attemptParked(this.#on, held, key, options)
      if (outcome.kind === 'committed') {
        this.#on.meter.handled(outcome.handled, outcome.outside)
        if (empty) held.parkedKeys.delete(key.key)
        if (options.verdict !== undefined) this.#on.meter.aside(options.verdict.verdict)
        if (empty || options.verdict !== undefined) return
        options = { limit: this.#most }
      } else if (outcome.kind === 'failed') {
        const failed = front[outcome.index ?? 0]
        // What there is a verdict on was not handled again: then no handler failed, but our own settling. One before it may fail as well.
        if (failed === undefined || failed.position === options.verdict?.position) throw outcome.error
        if (outcome.index === undefined && front.length > 1) options = { limit: 1 }
        else {
          const verdict = this.#decide(outcome.error, failed.attempts)
          options = { limit: this.#most, verdict: { position: failed.position, verdict } }
        }
      } else {
        if (outcome.kind === 'trouble') this.#on.meter.trouble('handling', outcome.error)
        if (outcome.kind === 'fenced' || outcome.trouble === 'unknown') {
          this.#on.holdings.forget([held])
          this.#on.meter.lost()
        }
        await this.#pause(1)
        return
      }
    }
  }
}
