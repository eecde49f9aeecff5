import type pg from 'pg'
import type { Append, AppendResult } from './append.ts'
import { encode, type Encoding } from './encoding.ts'
import type { StoredEvent } from './event.ts'
import { closedError, GroupCommit } from './group-commit.ts'
import { newUuid } from './id.ts'
import type { Keyring } from './keyring.ts'
import type { Log } from './log.ts'
import { PostgresLog } from './postgres-log.ts'
import { storedEventOf } from './row.ts'
import { Session } from './session.ts'
import { checkedSchema, statement } from './statement.ts'
import { States } from './states.ts'
import { type Transaction, Transactions } from './transaction.ts'
import { Waiters } from './waiters.ts'

export interface StoreOptions {
  readonly pool: pg.Pool
  /** Name of the service whose log this is: lower-case letters, digits and `-`. */
  readonly service: string
  /** Database schema of the tables; default `headwater`. `migrate` it first. */
  readonly schema?: string
  readonly now?: () => Date
  readonly newId?: () => string
  /** Keys of people, where facts have personal fields: they are sealed before they are stored. */
  readonly keys?: Keyring
}

/** One log. Safe to use from any number of callers; several processes may open the same. */
export interface EventStore {
  readonly service: string
  readonly log: Log
  readonly states: States
  /** Appends that wait at the same time are written together; each gets its own result. */
  append(append: Append): Promise<AppendResult>
  append(appends: readonly Append[]): Promise<AppendResult[]>
  /** Events of a stream, by version (both inclusive), in order. */
  read(stream: string, range?: { readonly from?: number; readonly to?: number }): Promise<StoredEvent[]>
  /** Commits when `work` resolves, rolls back when it rejects. A conflict rejects (`HW_CONFLICT`). */
  transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>
  now(): Date
  newId(): string
  /** Waits for what was sent; refuses what comes later. The pool stays open: it is yours. */
  close(): Promise<void>
}

/** Opens a log whose schema was migrated. Nothing is asked of the database before the first use. */
export function openStore(options: StoreOptions): EventStore {
  return new PostgresStore(options)
}

/** What the other parts of this package need of a store. */
export interface Inside {
  readonly session: Session
  readonly schema: string
}

const insides = new WeakMap<EventStore, Inside>()

export function insideOf(store: EventStore): Inside {
  const inside = insides.get(store)
  if (inside !== undefined) return inside
  throw new TypeError('Expected an event store made by openStore, got another. Open one on the same database.')
}

class PostgresStore implements EventStore {
  readonly service: string
  readonly log: Log
  readonly states: States
  readonly now: () => Date
  readonly newId: () => string
  readonly #schema: string
  readonly #session: Session
  readonly #group: GroupCommit
  readonly #transactions: Transactions
  readonly #waiters: Waiters
  readonly #encoding: Encoding
  #closed = false

  constructor({
    pool,
    service,
    schema = 'headwater',
    now = () => new Date(),
    newId = () => newUuid(),
    keys,
  }: StoreOptions) {
    if (!/^[a-z][a-z0-9-]{0,62}$/.test(service)) {
      throw new TypeError(
        `Expected a service name like "pots", got "${service}". Use lower-case letters, digits and "-".`,
      )
    }
    if (keys !== undefined && (pool.options?.max ?? Infinity) < 2) throw smallPoolError()
    this.service = service
    this.now = now
    this.newId = newId
    this.#schema = checkedSchema(schema)
    this.#session = new Session(pool, () => this.states.forgetAll())
    insides.set(this, { session: this.#session, schema: this.#schema })
    this.#encoding = { now, newId }
    this.states = new States(this.#session, this.#schema, keys, () => now().getTime())
    this.#waiters = new Waiters(() => this.log.last())
    this.log = new PostgresLog(service, this.#session, this.#schema, this.#waiters)
    const reached = (last: number): void => this.#waiters.reached(last)
    this.#group = new GroupCommit(this.#session, this.#schema, reached)
    this.#transactions = new Transactions(this.#session, this.#schema, this.states, this.#encoding, reached)
  }

  append(append: Append): Promise<AppendResult>
  append(appends: readonly Append[]): Promise<AppendResult[]>
  async append(given: Append | readonly Append[]): Promise<AppendResult | AppendResult[]> {
    if (!('streams' in given)) {
      const encoded = given.map((append) => encode(append, this.#encoding))
      return await Promise.all(encoded.map((append) => this.#group.append(append)))
    }
    return await this.#group.append(encode(given, this.#encoding))
  }

  async read(stream: string, { from = 1, to = Number.MAX_SAFE_INTEGER } = {}): Promise<StoredEvent[]> {
    const rows = await this.#session.rows(statement('stream-rows', this.#schema), [stream, from, to])
    return rows.map(storedEventOf)
  }

  async transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw closedError()
    return await this.#transactions.transact(work)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#group.close()
    this.#waiters.close()
    this.#session.close()
  }
}

function smallPoolError(): Error {
  return Object.assign(
    new TypeError(
      'Expected a pool of two connections or more, got one of one: keys of people are asked for while a transaction is open. Give the pool max: 2.',
    ),
    { code: 'HW_POOL_SMALL' },
  )
}
