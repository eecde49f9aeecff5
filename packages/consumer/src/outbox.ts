import type { KeptError } from './failure.ts'
import type { OutboxEntry } from './keeper.ts'

/** An effect outside the consumer's Postgres that is not known to be done. */
export interface WaitingEffect extends OutboxEntry {
  /** Times it was taken, this one included. */
  readonly attempts: number
  readonly state: 'waiting' | 'parked' | 'skipped'
  readonly error?: KeptError
  readonly reason?: string
  readonly madeAt: string
}

/** Effects committed with their events, waiting to be made. */
export interface Outbox {
  /** Takes effects for `leaseMs`, the oldest of each key only, so that a key's effects go out in order. */
  take(consumer: string, options: { limit: number; leaseMs: number }): Promise<readonly WaitingEffect[]>
  /** Made: gone from the outbox. */
  done(consumer: string, effect: OutboxEntry): Promise<void>
  /** Failed: again after `delayMs`, or parked; later ones of its key wait. */
  failed(
    consumer: string,
    effect: WaitingEffect,
    outcome: { delayMs: number; park: boolean; error: KeptError },
  ): Promise<void>
  /** Oldest first, at most `limit` (default 100). */
  list(
    consumer: string,
    options?: { state?: WaitingEffect['state']; limit?: number },
  ): Promise<readonly WaitingEffect[]>
  /** Parked effects are tried again, all without `id`. Answers how many. */
  retry(consumer: string, id?: string): Promise<number>
  /** A parked effect is left out, for a reason that is kept. False when none such is parked. */
  skip(consumer: string, which: { id: string; reason: string }): Promise<boolean>
  counts(consumer: string): Promise<{ readonly waiting: number; readonly parked: number }>
}
