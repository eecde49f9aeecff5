import type pg from 'pg'
import { Connection } from './connection.ts'
import type { NewEvent } from './event.ts'
import { InvalidAppend } from './failure.ts'
import { jsonOf } from './json-text.ts'
import { checkedSchema, statement } from './statement.ts'
import type { EventStore } from './store.ts'
import type { Transaction } from './transaction.ts'

/** What a row of an outbox tells. Ids that are not given are made from the row's place. */
export interface OutboxEvent extends NewEvent {
  /** `category-id`. */
  readonly stream: string
  readonly correlationId?: string
  readonly causationId?: string
  readonly traceparent?: string
}

export interface OutboxOptions {
  /** The pool of the store; the table lies in the same database. Adopting it needs its owner's rights, once. */
  readonly pool: pg.Pool
  /** `outbox` or `schema.outbox`. */
  readonly table: string
  /**
   * A row as JSON: columns by name, times as text. Give `new JsonText(row.payload)` as data where the payload is kept as text and
   * must stay byte for byte. Undefined for rows that tell nothing.
   */
  readonly map: (row: any) => OutboxEvent | undefined
  /** Database schema of the log; default `headwater`. */
  readonly schema?: string
  /** How often it looks when nothing comes; default 100. */
  readonly pollMs?: number
  /** Told when rows cannot be numbered; they are tried again, and none is passed over. */
  readonly onError?: (error: unknown) => void
}

/** A running numberer. */
export interface AdoptedOutbox {
  /** Resolves when all that was committed before the call is in the log. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
}

const mostRows = 500
const mostPauseMs = 5_000

/**
 * Gives the rows that others insert into an outbox table their place in the log: each committed row once, in an order that keeps
 * every transaction's own and puts what was committed before another began before it. A row that is committed late gets a later
 * position; none is skipped, whatever its key. Rows already there come first. They may be deleted by their writers at any time.
 * Any number of processes may run it: one works at a time.
 */
export async function adoptOutbox(store: EventStore, options: OutboxOptions): Promise<AdoptedOutbox> {
  const schema = checkedSchema(options.schema ?? 'headwater')
  await install(options.pool, schema, options.table)
  return new Numberer(store, schema, options)
}

/** The trigger and the rows before it in one transaction: creating it keeps writers out until it commits. */
async function install(pool: pg.Pool, schema: string, table: string): Promise<void> {
  const quoted = quotedName(table)
  const connection = await Connection.of(pool)
  const { client } = connection
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtextextended('headwater.outbox', 0))`)
    await client.query(statement('outbox-table', schema))
    await client.query(statement('outbox-function', schema))
    const trigger = `headwater_${schema}_outbox`
    const found = await client.query('select 1 from pg_trigger where tgrelid = $1::regclass and tgname = $2', [
      quoted,
      trigger,
    ])
    if (found.rowCount === 0) {
      await client.query(
        `create trigger ${trigger} after insert on ${quoted} referencing new table as added
         for each statement execute function ${schema}.note_outbox('${table}')`,
      )
      await client.query(
        `insert into ${schema}.outbox_row (outbox, content) select $1, row_to_json(o) from ${quoted} o order by 1`,
        [table],
      )
    }
    await client.query('commit')
  } catch (error) {
    await connection.rollback()
    throw error
  } finally {
    connection.release()
  }
}

function quotedName(table: string): string {
  if (!/^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/.test(table)) {
    throw new TypeError(`Expected a table like "outbox" or "shop.outbox", got "${table}".`)
  }
  return table
    .split('.')
    .map((part) => `"${part}"`)
    .join('.')
}

interface Row {
  readonly number: string
  readonly content: string
}

class Numberer implements AdoptedOutbox {
  readonly #store: EventStore
  readonly #schema: string
  readonly #options: OutboxOptions
  readonly #waiting = new Set<{ readonly since: number; readonly resolve: () => void }>()
  readonly #ended: Promise<void>
  #stopped = false
  #round = 0
  #wake: () => void = () => undefined

  constructor(store: EventStore, schema: string, options: OutboxOptions) {
    this.#store = store
    this.#schema = schema
    this.#options = options
    this.#ended = this.#run()
  }

  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ since: this.#round, resolve })
      this.#wake()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { pollMs = 100, onError } = this.#options
    let pauseMs = pollMs
    while (!this.#stopped) {
      try {
        this.#round++
        const left = await this.#number()
        if (left === 'none') for (const waiter of this.#waiting) this.#settle(waiter)
        pauseMs = left === 'more' ? 0 : pollMs
      } catch (error) {
        onError?.(error)
        pauseMs = Math.min(Math.max(pauseMs, pollMs) * 2, mostPauseMs)
      }
      if (pauseMs > 0) await this.#pause(pauseMs)
    }
  }

  /** A round that began after the call has seen all that was committed before it. */
  #settle(waiter: { readonly since: number; readonly resolve: () => void }): void {
    if (waiter.since >= this.#round) return
    this.#waiting.delete(waiter)
    waiter.resolve()
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Numbers some rows: their events, and their end as rows without a position, commit together. */
  async #number(): Promise<'more' | 'none' | 'busy'> {
    const { table } = this.#options
    const left = await this.#store.transact(async (tx) => {
      const key = `headwater.outbox ${this.#schema} ${table}`
      const lock = await tx.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as mine', [key])
      if (lock.rows[0].mine !== true) return 'busy'
      // A later statement than the lock: it sees what the numberer before has committed.
      const { rows } = (await tx.query(statement('outbox-rows', this.#schema), [table, mostRows])) as { rows: Row[] }
      if (rows.length === 0) return 'none'
      for (const run of runsOf(rows, this.#options)) await this.#append(tx, run)
      const numbers = rows.map(({ number }) => number)
      await tx.query(`delete from ${this.#schema}.outbox_row where number = any($1::bigint[])`, [numbers])
      return 'more'
    })
    if (left === 'more') await this.#store.log.last() // tells those who wait in this process
    return left
  }

  async #append(tx: Transaction, { event, events }: Run): Promise<void> {
    const { stream, correlationId = null, causationId = null, traceparent = null } = event
    const values = [stream, `[${events.join(',')}]`, correlationId, causationId, traceparent]
    await tx.query(statement('outbox-append', this.#schema), values)
  }
}

/** Rows that follow each other in one stream and for one cause go into the log together. */
interface Run {
  readonly event: OutboxEvent
  readonly events: string[]
}

function runsOf(rows: readonly Row[], { table, map }: OutboxOptions): Run[] {
  const runs: Run[] = []
  for (const { number, content } of rows) {
    const event = map(JSON.parse(content))
    if (event === undefined) continue
    const text = textOf(event, `${table}-${number}`)
    const last = runs.at(-1)
    if (last !== undefined && sameRun(last.event, event)) last.events.push(text)
    else runs.push({ event, events: [text] })
  }
  return runs
}

function sameRun(a: OutboxEvent, b: OutboxEvent): boolean {
  return (
    a.stream === b.stream &&
    a.correlationId === b.correlationId &&
    a.causationId === b.causationId &&
    a.traceparent === b.traceparent
  )
}

function textOf({ id, type, data, schemaVersion, occurredAt }: OutboxEvent, place: string): string {
  const json = jsonOf(data)
  if ('wrong' in json)
    throw new InvalidAppend(`Expected data of ${type} that can be kept, ${json.wrong}. Mend the map of the outbox.`)
  const head = JSON.stringify({ id: id ?? place, type, schemaVersion, occurredAt })
  return `${head.slice(0, -1)},"data":${json.text}}`
}
