import type { EffectTransaction } from './effects.ts'
import type { KeptError } from './failure.ts'
import type { SlotRef } from './keeper.ts'

/** An event that waits: poison, tried again by itself, or behind another of its key. */
export interface ParkedEvent extends SlotRef {
  readonly position: number
  readonly key: string
  readonly eventId: string
  readonly type: string
  readonly event: string
  readonly state: 'retrying' | 'poison' | 'behind' | 'ready' | 'skipped'
  readonly attempts: number
  readonly error?: KeptError
  readonly reason?: string
  readonly parkedAt: string
  /** What a person asked for and the holder of the slot has not done yet. */
  readonly asked?: 'retry' | 'skip'
}

export interface KeyRef extends SlotRef {
  readonly key: string
}

/** What became of the events at the front of a parked key. */
export interface ParkedOutcome extends KeyRef {
  /** Handled: removed. */
  readonly done: readonly number[]
  /** Skipped: kept with the reason, no longer waiting. */
  readonly skipped: readonly number[]
  /** The one that failed again. */
  readonly failed?: {
    position: number
    state: 'retrying' | 'poison'
    attempts: number
    delayMs: number
    error: KeptError
  }
}

/** Parked events of all consumers of a keeper. Asking changes nothing at once: the slot's holder acts, in key order. */
export interface ParkedEvents {
  /** Oldest first; at most `limit` (default 100) after a position. */
  list(
    consumer: string,
    options?: { service?: string; after?: number; limit?: number; state?: ParkedEvent['state'] },
  ): Promise<readonly ParkedEvent[]>
  /** Asks that a key's events be tried again, in order; all parked keys without `key`. Answers how many keys. */
  retry(consumer: string, which?: { service: string; key: string }): Promise<number>
  /** Asks that the event at the front of its key be left out, with a reason; those behind it are then handled. */
  skip(
    consumer: string,
    which: { service: string; eventId: string; reason: string },
  ): Promise<'asked' | 'not-first' | 'unknown'>
  /** Keys of these slots whose turn it is. */
  due(consumer: string, slots: readonly SlotRef[]): Promise<readonly KeyRef[]>
  /** The front of a key's events, locked; in position order. */
  front(tx: EffectTransaction, consumer: string, key: KeyRef, limit: number): Promise<readonly ParkedEvent[]>
  /** Writes the outcome; true when nothing of the key waits any more. */
  settle(tx: EffectTransaction, consumer: string, outcome: ParkedOutcome): Promise<boolean>
}
