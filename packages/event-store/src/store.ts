import type pg from 'pg'
import type { Append, AppendResult, Appended } from './append.ts'
import type { CommandData, Executed, ExecuteOptions } from './execute.ts'
import type { Command } from './decider.ts'
import type { StoredEvent } from './event.ts'
import type { Log } from './log.ts'

export interface StoreOptions {
  readonly pool: pg.Pool
  /** Name of the service whose log this is: lower-case letters, digits and `-`. */
  readonly service: string
  /** Database schema of the tables; default `headwater`. `migrate` it first. */
  readonly schema?: string
  readonly now?: () => Date
  readonly newId?: () => string
}

/** The user's own transaction; what is appended goes out last, with COMMIT. */
export interface Transaction {
  query(sql: string, params?: readonly unknown[]): Promise<pg.QueryResult>
  /** Adds to the append that ends the transaction. */
  append(append: Append): void
  /** Loads, decides, and adds the events to the append; a refusal is an answer and adds nothing. */
  run<C extends Command>(
    command: C,
    id: string,
    data: CommandData<C>,
    options?: Partial<ExecuteOptions<any>>,
  ): Promise<Executed<any>>
}

/** One log. Safe to use from any number of callers; several processes may open the same. */
export interface EventStore {
  readonly service: string
  readonly log: Log
  /** Appends that wait at the same time are written together; each gets its own result. */
  append(append: Append): Promise<AppendResult>
  append(appends: readonly Append[]): Promise<AppendResult[]>
  /** Events of a stream, by version (both inclusive), in order. */
  read(stream: string, range?: { from?: number; to?: number }): Promise<StoredEvent[]>
  /** Commits when `work` resolves, rolls back when it rejects. A conflict rejects (`HW_CONFLICT`). */
  transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>
  /** Waits for what was sent; refuses what comes later. The pool stays open: it is yours. */
  close(): Promise<void>
}

export function openStore(options: StoreOptions): EventStore {
  return undefined as never
}
