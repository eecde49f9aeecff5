import { type Clock, systemClock } from './clock.ts'
import { backOffMs, Fatal, type KeptError, keptError, Poison } from './failure.ts'
import type { Outbox, WaitingEffect } from './outbox.ts'

/** Makes an effect outside. It may be asked again for one that was made: `id` is the idempotency key to pass on. */
export type Deliver = (effect: any, context: DeliverContext) => unknown

export interface DeliverContext {
  /** The event's id; from the second effect of an event on with `.2`, `.3`… The same each time. */
  readonly id: string
  readonly service: string
  readonly position: number
  /** 1, 2, 3… */
  readonly attempt: number
  /** Aborts when somebody else may take the effect, or delivery stops. */
  readonly signal: AbortSignal
}

export interface DeliveryOptions {
  readonly keeper: { readonly outbox?: Outbox }
  readonly deliver: Deliver
  /** Effects under way at a time in this process (default 8); those of one key go one after the other anyway. */
  readonly concurrency?: number
  /** An effect not done in this time is given to others (default 30,000). */
  readonly leaseMs?: number
  /** Times an effect is tried before it is parked (default 20: some 10 minutes). Throw `Poison` to park it at once. */
  readonly attempts?: number
  /** What other processes put into the outbox is seen after this time at most (default 500). */
  readonly everyMs?: number
  readonly clock?: Clock
  readonly random?: () => number
}

/** Delivery at work in this process; others may work on the same outbox. */
export interface RunningDelivery {
  /** Resolves when stopped; rejects with a `Fatal` of `deliver`. */
  readonly ended: Promise<void>
  status(): { readonly delivered: number; readonly underWay: number; readonly trouble?: KeptError }
  /** Resolves when nothing waits in the outbox; parked effects do not count. */
  drained(options?: { signal?: AbortSignal }): Promise<void>
  /** Looks now. */
  poke(): void
  /** Ends after the effects under way. */
  stop(): Promise<void>
}

/** Makes a consumer's effects outside its Postgres, at least once, each key's in order, with back-off. */
export function deliverOutbox(consumer: string, options: DeliveryOptions): RunningDelivery {
  const { outbox } = options.keeper
  if (outbox === undefined) {
    throw new TypeError(`Expected a keeper with an outbox for ${consumer}, got one without. Use postgresKeeper.`)
  }
  return new Delivery(consumer, outbox, options)
}

class Delivery implements RunningDelivery {
  readonly ended: Promise<void>
  readonly #consumer: string
  readonly #outbox: Outbox
  readonly #on: DeliveryOptions
  readonly #clock: Clock
  readonly #stopping = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #wake = new AbortController()
  #delivered = 0
  #trouble: KeptError | undefined
  #fatal: unknown

  constructor(consumer: string, outbox: Outbox, on: DeliveryOptions) {
    this.#consumer = consumer
    this.#outbox = outbox
    this.#on = on
    this.#clock = on.clock ?? systemClock
    this.ended = this.#work()
    this.ended.catch(() => undefined) // told by `status` as well: nobody has to listen
  }

  status(): ReturnType<RunningDelivery['status']> {
    const trouble = this.#trouble === undefined ? {} : { trouble: this.#trouble }
    return { delivered: this.#delivered, underWay: this.#underWay.size, ...trouble }
  }

  async drained({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    while ((await this.#outbox.counts(this.#consumer)).waiting > 0) {
      signal?.throwIfAborted()
      this.#stopping.signal.throwIfAborted()
      await this.#clock.sleep(50, signal)
    }
  }

  poke(): void {
    this.#wake.abort()
  }

  async stop(): Promise<void> {
    this.#stop(new Error(`Delivery of ${this.#consumer} was stopped.`))
    await this.ended.catch(() => undefined)
  }

  #stop(reason: unknown): void {
    this.#stopping.abort(reason)
    this.#wake.abort()
  }

  async #work(): Promise<void> {
    let troubles = 0
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController()
      let waitMs = this.#on.everyMs ?? 500
      try {
        await this.#takeSome()
        troubles = 0
      } catch (error) {
        this.#trouble = keptError(error)
        waitMs = backOffMs(troubles++, this.#on.random ?? Math.random, { capMs: 5_000 })
      }
      await this.#clock.sleep(waitMs, this.#wake.signal)
    }
    await Promise.all(this.#underWay)
    if (this.#fatal !== undefined) throw this.#fatal
  }

  async #takeSome(): Promise<void> {
    const { concurrency = 8, leaseMs = 30_000 } = this.#on
    const limit = concurrency - this.#underWay.size
    if (limit <= 0) return
    // From before they are asked for: the database counts from when it gives them, and others take them by its clock.
    const until = performance.now() + leaseMs
    for (const effect of await this.#outbox.take(this.#consumer, { limit, leaseMs })) {
      const one = this.#make(effect, until).finally(() => {
        this.#underWay.delete(one)
        this.#wake.abort() // the next of its key may be ready, and there is room
      })
      this.#underWay.add(one)
    }
  }

  async #make(effect: WaitingEffect, until: number): Promise<void> {
    const { id, service, position, attempts: attempt } = effect
    const lease = new AbortController()
    const up = () => lease.abort(new Error('The time for this effect is up.'))
    const timer = setTimeout(up, Math.max(0, until - performance.now()))
    const signal = AbortSignal.any([lease.signal, this.#stopping.signal])
    try {
      await this.#on.deliver(JSON.parse(effect.effect), { id, service, position, attempt, signal })
      await this.#outbox.done(this.#consumer, effect)
      this.#delivered += 1
      this.#trouble = undefined
    } catch (error) {
      await this.#fail(effect, error)
    } finally {
      clearTimeout(timer)
    }
  }

  async #fail(effect: WaitingEffect, error: unknown): Promise<void> {
    this.#trouble = keptError(error)
    if (error instanceof Fatal) {
      this.#fatal = error
      this.#stop(error)
    }
    const park = error instanceof Poison || effect.attempts >= (this.#on.attempts ?? 20)
    const delayMs = backOffMs(effect.attempts, this.#on.random ?? Math.random)
    try {
      await this.#outbox.failed(this.#consumer, effect, { delayMs, park, error: keptError(error) })
    } catch {
      // The outbox cannot be reached either: its lease runs out, and the effect is tried again.
    }
  }
}
