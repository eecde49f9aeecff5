import type { Effects, EffectTransaction } from './effects.ts'
import type { KeptError } from './failure.ts'
import type { Outbox } from './outbox.ts'
import type { ParkedEvents } from './parked.ts'

/** A slot as held by a process: where it stands, and the epoch that proves the right to move it. */
export interface HeldSlot {
  readonly service: string
  readonly slot: number
  readonly position: number
  /** Id of the event at `position`; empty when none was handled yet. */
  readonly eventId: string
  readonly epoch: number
  /** Outside effects and commands of events up to here are held: they were made before a rewind. */
  readonly replayUntil: number
  /** Keys with parked events: later events of theirs go behind these. */
  readonly parkedKeys: readonly string[]
}

export interface SlotRef {
  readonly service: string
  readonly slot: number
}

/** Moves a slot's checkpoint forward, if the epoch still holds. */
export interface Move extends SlotRef {
  readonly epoch: number
  readonly position: number
  readonly eventId: string
}

/** An event put aside: `retrying` by itself after `delayMs`, `poison` until a person decides, `behind` others of its key. */
export interface PutAside extends SlotRef {
  readonly position: number
  readonly key: string
  readonly eventId: string
  readonly type: string
  /** The event, whole, as JSON. */
  readonly event: string
  readonly state: 'retrying' | 'poison' | 'behind'
  readonly attempts: number
  readonly delayMs: number
  readonly error?: KeptError
}

export interface OutboxEntry {
  /** The event's id; from the second effect of an event on with `.2`, `.3`… */
  readonly id: string
  readonly service: string
  readonly position: number
  readonly key: string
  /** JSON. */
  readonly effect: string
}

/** All bookkeeping of one transaction, written set-based. */
export interface Settlement {
  readonly moves: readonly Move[]
  readonly aside: readonly PutAside[]
  readonly outbox: readonly OutboxEntry[]
}

export interface Beat {
  /** Members with a valid lease, this one included, sorted. */
  readonly members: readonly string[]
  /** Number of slots held by this member, and the sum of their epochs: differs from what it believes when some were taken. */
  readonly slots: number
  readonly epochs: number
  readonly logs: readonly LogState[]
}

/** What a fork of a log left behind. */
export interface ForkRecord {
  readonly service: string
  readonly fromLog: string
  readonly toLog: string
  readonly forkedAt: number
  /** Slots that had gone beyond the fork, and how far. */
  readonly beyond: readonly { slot: number; position: number }[]
  /** Ids of events parked beyond the fork; they are gone with it. */
  readonly parked: readonly string[]
}

/** Where the slots of a log begin. */
export interface Beginning {
  readonly position: number
  readonly eventId: string
  readonly log?: string
}

export interface LogState {
  readonly service: string
  /** Lineage it is read from; undefined before the first page. */
  readonly log: string | undefined
  /** Somebody waits until every slot is at this position or beyond. */
  readonly wanted: number
}

/** Where a log goes on under another name. */
export interface NewLineage {
  readonly log: string
  /** The last event both have in common, as far as it matters: no slot that is beyond it keeps its place. */
  readonly position: number
  readonly id: string
  /** The furthest slot when this was found out. */
  readonly furthest: number
}

/**
 * Keeps checkpoints. Given, not built in: Postgres here; a lake keeps them in its own commits. All methods are safe to call
 * from several processes; only `settle` runs inside an effect's transaction.
 */
export interface Keeper {
  /** Transactions of the database that the checkpoints are in. */
  readonly effects: Effects
  readonly parked: ParkedEvents
  /** Absent where effects outside cannot be kept. */
  readonly outbox?: Outbox
  /** Logs this consumer has begun to read. */
  logs(consumer: string): Promise<readonly LogState[]>
  /** Makes the slots of a log, all at `position`; does nothing when they are there. */
  begin(consumer: string, service: string, at: Beginning): Promise<void>
  /** Notes the lineage a log is read from, the first time; answers the one that is noted. */
  named(consumer: string, service: string, log: string): Promise<string>
  /** The slot that is furthest in a log, whoever holds it. */
  furthest(consumer: string, service: string): Promise<{ position: number; eventId: string }>
  /** Asks all processes to say when their idle slots are at a position. */
  want(consumer: string, service: string, position: number): Promise<void>
  /** Renews the lease, for `leaseMs` from now by the keeper's own clock. */
  beat(consumer: string, member: string, leaseMs: number): Promise<Beat>
  leave(consumer: string, member: string): Promise<void>
  /**
   * Takes those slots that are free, whose holder's lease ran out, or that this member lost track of; each with a new epoch. Others
   * that it lost track of are freed.
   */
  claim(
    consumer: string,
    member: string,
    slots: readonly number[],
    held: readonly SlotRef[],
  ): Promise<readonly HeldSlot[]>
  /** Gives slots back, at the positions given. */
  release(consumer: string, moves: readonly Move[]): Promise<void>
  /** Moves idle slots forward and answers which; those another transaction has locked are left. */
  advance(consumer: string, moves: readonly Move[]): Promise<readonly SlotRef[]>
  /** In the effect's transaction, as its first statement: false when a slot is held under another epoch. Needs no move. */
  hold(tx: EffectTransaction, consumer: string, slot: Move): Promise<boolean>
  /** In the effect's transaction, last; false when some slot is held under another epoch or was moved already: roll back. */
  settle(tx: EffectTransaction, consumer: string, settlement: Settlement): Promise<boolean>
  /**
   * Goes on with another lineage: slots beyond the fork go back to it, all get new epochs, and what was done beyond is kept.
   * Once for all processes. False when some slot went beyond `furthest` since: find the fork out again.
   */
  fork(consumer: string, service: string, lineage: NewLineage): Promise<boolean>
  /**
   * Sets slots beyond a position back to it, with new epochs, with `reset` in the same transaction. Parked events beyond are
   * forgotten; with `hold` this is refused unless `holdParked`, since what they do outside was never done.
   */
  rewind(
    consumer: string,
    to: readonly { service: string; position: number; eventId: string }[],
    options: { hold: boolean; holdParked: boolean; reset?: (tx: EffectTransaction) => Promise<void> },
  ): Promise<void>
  forks(consumer: string): Promise<readonly ForkRecord[]>
  progress(consumer: string): Promise<readonly Progress[]>
}

/** Where a consumer stands in a log, over all processes. */
export interface Progress {
  readonly service: string
  readonly log: string | undefined
  /** Least and greatest position of its slots. */
  readonly least: number
  readonly greatest: number
  readonly holders: number
  readonly unheld: number
  readonly parked: { readonly poison: number; readonly retrying: number; readonly behind: number }
}
