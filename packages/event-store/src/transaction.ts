import pg from 'pg'
import type { Append } from './append.ts'
import { batchArguments, type BatchAnswer, batchResults } from './batch.ts'
import { Connection } from './connection.ts'
import { type Command, definitionOf, type Entity } from './decider.ts'
import { checkedData, sealed, situationOf, streamOf, take } from './decision.ts'
import { encode, type EncodedAppend, type EncodedPart, type Encoding } from './encoding.ts'
import type { CommandData, Executed, ExecuteOptions } from './execute.ts'
import {
  AppendConflict,
  codeOf,
  IdsReused,
  InvalidAppend,
  isLostStatement,
  isUnsettled,
  settleWithinMs,
  Unsettled,
} from './failure.ts'
import { Seats } from './seats.ts'
import type { Session } from './session.ts'
import type { States } from './states.ts'

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

/**
 * A process that was stopped in the middle (SIGSTOP, a paused machine) would hold its locks, and it may be the log's, for as long as its
 * connection lives: after this time between two statements Postgres ends it. One message, one round trip.
 */
const begin = `begin isolation level read committed; set local idle_in_transaction_session_timeout = '60s'`

/** Runs transactions of one store. */
export class Transactions {
  readonly #session: Session
  readonly #schema: string
  readonly #states: States
  readonly #encoding: Encoding
  readonly #onAppended: (last: number) => void
  /** One connection of the pool is left to statements beside: keys of people are made whatever becomes of the transaction. */
  readonly #seats: Seats

  constructor(
    session: Session,
    schema: string,
    states: States,
    encoding: Encoding,
    onAppended: (last: number) => void,
  ) {
    this.#session = session
    this.#schema = schema
    this.#states = states
    this.#encoding = encoding
    this.#onAppended = onAppended
    this.#seats = new Seats(Math.max(1, (session.pool.options?.max ?? Infinity) - 1))
  }

  async transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const leave = await this.#seats.take()
    const { prepares } = this.#session
    try {
      return await this.#transact(work).catch((error: unknown) => {
        if (!prepares || !isLostStatement(error)) throw error
        return this.#transact(work) // rolled back because of a statement of ours, which is not prepared any more
      })
    } finally {
      leave()
    }
  }

  async #transact<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const connection = await Connection.of(this.#session.pool)
    const open = new OpenTransaction(connection.client, this.#states, this.#encoding)
    try {
      await connection.client.query(begin)
      const result = await work(open)
      await this.#commit(connection, open)
      open.keepStates()
      return result
    } catch (error) {
      open.forgetStates()
      await connection.rollback()
      throw error
    } finally {
      connection.release()
    }
  }

  /** One message: the log's lock is not held for the length of a round trip. */
  async #commit(connection: Connection, open: OpenTransaction): Promise<void> {
    const append = open.appended()
    const last = append === undefined ? '' : `${appendStatement(this.#schema, append)}; `
    try {
      const answer = (await connection.client.query({
        text: `${last}commit`,
        rowMode: 'array',
        types: asText,
      })) as unknown
      const results = (Array.isArray(answer) ? answer : [answer]) as pg.QueryArrayResult<string[]>[]
      if (results.at(-1)?.command !== 'COMMIT') throw abortedError()
      if (append === undefined) return
      const [appended] = batchResults([append], results[0]!.rows[0] as unknown as BatchAnswer)
      if (appended?.kind === 'appended') this.#onAppended(appended.last)
    } catch (error) {
      if (!isUnsettled(error)) throw asOutcome(error)
      // Before asking on another: a pool may have no more connections than the ones that broke.
      connection.release(error as Error)
      if (append === undefined || append.size === 0 || !(await this.#isRecorded(append.ids, error))) throw error
    }
  }

  /** The answer to COMMIT was lost: its events tell whether it came through, once no append is under way. */
  async #isRecorded(ids: readonly string[], cause: unknown): Promise<boolean> {
    const started = performance.now()
    for (;;) {
      try {
        const [row] = await this.#session.rows(`select ${this.#schema}.known($1)`, [ids])
        return Number(row![0]) === ids.length
      } catch (error) {
        const waitedMs = performance.now() - started
        if (!isUnsettled(error) || waitedMs > settleWithinMs) throw new Unsettled(true, waitedMs, cause)
        await new Promise<void>((resolve) => setTimeout(resolve, 100))
      }
    }
  }
}

const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig

class OpenTransaction implements Transaction {
  readonly #client: pg.PoolClient
  readonly #states: States
  readonly #encoding: Encoding
  readonly #appends: EncodedAppend[] = []
  readonly #pending = new Map<string, Entity>()

  constructor(client: pg.PoolClient, states: States, encoding: Encoding) {
    this.#client = client
    this.#states = states
    this.#encoding = encoding
  }

  query(sql: string, params?: readonly unknown[]): Promise<pg.QueryResult> {
    return params === undefined ? this.#client.query(sql) : this.#client.query(sql, [...params])
  }

  append(append: Append): void {
    this.#appends.push(encode(append, this.#encoding))
  }

  async run<C extends Command>(
    { decider, name }: C,
    id: string,
    data: CommandData<C>,
    options: Partial<ExecuteOptions<any>> = {},
  ): Promise<Executed<any>> {
    const checked = options.checked === true ? data : checkedData(definitionOf(decider), name, data)
    const request = { decider, id, command: name, data: checked }
    const situation = await situationOf(
      request,
      async (of, its) =>
        this.#pending.get(streamOf({ decider: of, id: its })) ??
        this.#states.kept(of, its) ??
        (await this.#states.load(of, its, this.#client)),
    )
    const { version } = situation.own
    if (options.expected !== undefined && options.expected !== version) {
      return { kind: 'conflict', stream: streamOf(situation.own), expected: options.expected, actual: version }
    }
    const itself = this.#encoding.newId()
    const meta = options.meta ?? { correlationId: itself, causationId: itself }
    const world = { now: this.#encoding.now(), newId: this.#encoding.newId }
    const taken = take(request, situation, world, { ...options, meta })
    this.append(await sealed(taken, this.#states.keys))
    const { outcome, after } = taken
    for (const entity of after) this.#pending.set(streamOf(entity), entity)
    return { ...outcome, repeated: false }
  }

  /** All that was appended, as one append. */
  appended(): EncodedAppend | undefined {
    if (this.#appends.length === 0) return undefined
    const parts = joinParts(this.#appends.flatMap(({ parts }) => parts))
    const ids = this.#appends.flatMap(({ ids }) => ids)
    if (new Set(ids).size < ids.length) throw new InvalidAppend('Expected event ids that differ, got one twice.')
    return {
      parts,
      ids: parts.flatMap(({ events }) => events.map(({ id }) => id)),
      givenIds: this.#appends.flatMap(({ givenIds }) => givenIds),
      rows: this.#appends.flatMap(({ rows }) => rows),
      size: ids.length,
      length: this.#appends.reduce((sum, { length }) => sum + length, 0),
    }
  }

  keepStates(): void {
    for (const entity of this.#pending.values()) this.#states.keep(entity.decider, entity.id, entity)
  }

  /** They may be what the conflict was about. */
  forgetStates(): void {
    for (const { decider, id } of this.#pending.values()) this.#states.forget(decider, id)
  }
}

/** Each stream once: later parts of a stream follow its first. */
function joinParts(parts: readonly EncodedPart[]): EncodedPart[] {
  const joined = new Map<string, EncodedPart>()
  for (const part of parts) {
    const before = joined.get(part.stream)
    if (before === undefined) joined.set(part.stream, part)
    else {
      const here = part.expected === undefined ? undefined : part.expected - before.events.length
      if (here !== undefined && before.expected !== undefined && here !== before.expected) {
        const { stream, expected } = part
        throw new AppendConflict({ stream, expected: expected!, actual: before.expected + before.events.length })
      }
      joined.set(part.stream, {
        stream: part.stream,
        expected: before.expected ?? here,
        events: [...before.events, ...part.events],
      })
    }
  }
  return [...joined.values()]
}

function appendStatement(schema: string, append: EncodedAppend): string {
  const [, streams, expected, sizes, events, rows, ids] = batchArguments([append], false) as [
    unknown,
    string[],
    (number | null)[],
    number[],
    string,
    string | null,
    string[],
  ]
  const texts = (values: string[]) => `array[${values.map(pg.escapeLiteral).join(',')}]::text[]`
  const numbers = (values: (number | null)[]) => `array[${values.map((value) => value ?? 'null').join(',')}]`
  const json = (value: string | null) => (value === null ? 'null' : pg.escapeLiteral(value))
  return `select last_before, heads, results from ${schema}.append_strict(${texts(streams)}, ${numbers(expected)}::bigint[], ${numbers(sizes)}::integer[], ${json(events)}, ${json(rows)}, ${texts(ids)})`
}

/** What the SQL functions raise, as the errors of this package. */
function asOutcome(error: unknown): unknown {
  const { detail } = error as { detail?: string }
  if (codeOf(error) === 'HW001' && detail !== undefined) return new AppendConflict(JSON.parse(detail))
  if (codeOf(error) === 'HW002' && detail !== undefined) return new IdsReused(JSON.parse(detail))
  return error
}

function abortedError(): Error {
  return Object.assign(
    new Error(
      'Expected a transaction that can commit, got one in which a statement had failed; it was rolled back. Let errors of tx.query reject the work.',
    ),
    { code: 'HW_TRANSACTION_ABORTED' },
  )
}
