import pg from 'pg'
import { Connection } from './connection.ts'
import type { NewEvent } from './event.ts'
import { InvalidAppend } from './failure.ts'
import { jsonOf } from './json-text.ts'
import { checkedSchema, statement } from './statement.ts'
import type { EventStore } from './store.ts'

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
  /** Column by which the rows that are there already came one after the other; default: the primary key, where it is one whole number. */
  readonly order?: string
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
  await install(schema, options)
  return new Numberer(store, schema, options)
}

/** The trigger and the rows before it in one transaction: creating it keeps writers out until it commits. */
async function install(schema: string, { pool, table, order: given }: OutboxOptions): Promise<void> {
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
      const order = await orderOf(client, quoted, given)
      await client.query(
        `insert into ${schema}.outbox_row (outbox, content) select $1, row_to_json(o) from ${quoted} o order by ${order}`,
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

/** Column that says in what order the rows came that are there already. Where they lie says nothing, once some were deleted. */
async function orderOf(client: pg.PoolClient, quoted: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return `o.${pg.escapeIdentifier(given)}`
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(a.attname) as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
     where i.indrelid = $1::regclass and i.indisprimary and i.indnatts = 1 and a.atttypid = any('{int2,int4,int8}'::regtype[])`,
    [quoted],
  )
  if (rows.length > 0) return `o.${rows[0]!.name}`
  const { rowCount } = await client.query(`select from ${quoted} limit 1`)
  if (rowCount === 0) return '1'
  throw new TypeError(
    `Expected a whole number as primary key of ${quoted}, which says in what order its rows came, got none. Name the column that does: order: "created_at".`,
  )
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
      const numbers = rows.map(({ number }) => number)
      await tx.query(`delete from ${this.#schema}.outbox_row where number = any($1::bigint[])`, [numbers])
      // Last, and all in one statement: from here to the commit nobody else can append.
      await tx.query(statement('outbox-append', this.#schema), [JSON.stringify(runsOf(rows, this.#options))])
      return 'more'
    })
    if (left === 'more') await this.#store.log.last() // tells those who wait in this process
    return left
  }
}

/** Rows that follow each other in one stream and for one cause go into the log together. */
interface Run {
  readonly stream: string
  readonly correlation: string | undefined
  readonly causation: string | undefined
  readonly trace: string | undefined
  /** JSON text of an array, as it is to be kept byte for byte. */
  events: string
}

function runsOf(rows: readonly Row[], { table, map }: OutboxOptions): Run[] {
  const runs: Run[] = []
  for (const { number, content } of rows) {
    const event = map(JSON.parse(content))
    if (event === undefined) continue
    const text = textOf(event, `${table}-${number}`)
    const { stream, correlationId: correlation, causationId: causation, traceparent: trace } = event
    const last = runs.at(-1)
    if (last !== undefined && sameRun(last, { stream, correlation, causation, trace }))
      last.events = `${last.events.slice(0, -1)},${text}]`
    else runs.push({ stream, correlation, causation, trace, events: `[${text}]` })
  }
  return runs
}

function sameRun(a: Run, b: Omit<Run, 'events'>): boolean {
  return a.stream === b.stream && a.correlation === b.correlation && a.causation === b.causation && a.trace === b.trace
}

function textOf({ id, type, data, schemaVersion, occurredAt }: OutboxEvent, place: string): string {
  const json = jsonOf(data)
  if ('wrong' in json)
    throw new InvalidAppend(`Expected data of ${type} that can be kept, ${json.wrong}. Mend the map of the outbox.`)
  const head = JSON.stringify({ id: id ?? place, type, schemaVersion, occurredAt })
  return `${head.slice(0, -1)},"data":${json.text}}`
}
