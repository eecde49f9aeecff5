import type { Clock } from './clock.ts'
import type { Deliver } from './delivery.ts'
import type { Effects } from './effects.ts'
import type { Judgement, KeptError } from './failure.ts'
import type { ForkRecord, Keeper } from './keeper.ts'
import type { Source } from './source.ts'
import type { Tracer } from './tracer.ts'

/** What a consumer runs with. */
export interface RunOptions {
  readonly source: Source
  readonly keeper: Keeper
  /** Transactions of the effects, in the keeper's database; default: the keeper's own, which cannot run commands. */
  readonly effects?: Effects
  /** Makes the effects that handlers gave to `outbox`, in this process; or leave it to `deliverOutbox` in another. */
  readonly deliver?: Deliver
  /** Name of this process among those that share the load; made up when absent. */
  readonly member?: string
  /** A process that is not heard of for this long loses its slots (default 5,000). */
  readonly leaseMs?: number
  /** Judges a handler's error before the default does; undefined leaves it to the default. */
  readonly judge?: (error: unknown) => Judgement | undefined
  readonly tracer?: Tracer
  readonly clock?: Clock
  /** 0 ≤ random < 1, for jitter. */
  readonly random?: () => number
}

/** A consumer at work in this process. */
export interface RunningConsumer {
  readonly name: string
  /** Resolves when stopped; rejects when it stopped by itself, with the reason. */
  readonly ended: Promise<void>
  status(): ConsumerStatus
  /**
   * Resolves when every event up to these positions (service → position) was handled or parked, whichever process did it.
   * Rejects when the consumer ends before, or the signal aborts.
   */
  caughtUp(positions: Readonly<Record<string, number>>, options?: { signal?: AbortSignal }): Promise<void>
  /** Ends after the transactions in hand, and gives the slots back. */
  stop(): Promise<void>
}

export interface ConsumerStatus {
  readonly name: string
  readonly member: string
  readonly state: 'starting' | 'running' | 'stopped' | 'failed'
  /** Why it stopped by itself. */
  readonly failure?: KeptError
  /** What stands in the way at the moment; it is tried again. */
  readonly trouble?: KeptError
  /** Processes that share the load. */
  readonly members: number
  readonly services: readonly ServiceStatus[]
  /** Since this process began. */
  readonly handled: number
  readonly handledPerSecond: number
  /** Keys with events set aside, in this process's slots. */
  readonly parkedKeys: number
  /** Read but not yet handled. */
  readonly waiting: number
  /** Events that failed, and those of them parked as poison, since this process began. */
  readonly failures: number
  readonly poison: number
  /** Effects made outside by this process. */
  readonly delivered: number
  readonly forks: readonly ForkRecord[]
}

export interface ServiceStatus {
  readonly service: string
  readonly log: string | undefined
  /** Slots held by this process. */
  readonly slots: number
  /** All events of those slots up to here were handled or parked. */
  readonly handled: number
  readonly read: number
  /** Nothing lay beyond `read` when it was read last. */
  readonly atEnd: boolean
  /** Positions between `handled` and the last one known of. */
  readonly lagEvents: number
  /** Age of the oldest event that waits, by its recorded time; 0 when none does. */
  readonly lagSeconds: number
}
