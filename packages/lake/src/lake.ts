import type { FileHandle } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Cursor, SourcePage } from '@headwater/consumer'
import type { Contract } from '@headwater/contract'
import { complete, type Suggestion } from './completion.ts'
import { compact, crowded } from './compaction.ts'
import { Asking } from './asking/asking.ts'
import type { AskingProcess, Lacking } from './asking/asking-process.ts'
import type { Ask, Column, Format, ProcessLimits, QueryLimits } from './asking/protocol.ts'
import type { Statement } from './asking/statement.ts'
import { type CataloguedType, Catalogue } from './catalogue.ts'
import { checkpoints } from './delta/checkpoint.ts'
import { type DeltaLog, openDeltaLog } from './delta/log.ts'
import { positionsOf } from './delta/snapshot.ts'
import { duckdbVersion, type Engine, openEngine } from './engine.ts'
import type { Files } from './files.ts'
import { localFiles } from './files/local.ts'
import { type Landed, Landing, type SealOptions } from './landing.ts'
import { Questions } from './questions.ts'
import type { Read } from './reads.ts'
import { countAgain } from './recount.ts'
import { type Look, look } from './look.ts'
import { Scratch } from './scratch.ts'
import { vacuum, type Vacuumed } from './vacuum.ts'
import { fieldsOf, type Sight } from './views.ts'

export interface LakeOptions {
  /** Folder of the table; made when it is not there. */
  readonly directory: string
  readonly contracts?: readonly Contract[]
  /** Payload fields that say whom an event is about; the first an event has counts. */
  readonly units?: readonly string[]
  readonly seal?: Partial<SealOptions>
  /** What a question may take when it does not say. */
  readonly limits?: Partial<QueryLimits>
  /** Questions answered at a time, and what each one's process may take. */
  readonly processes?: Partial<ProcessLimits> & { readonly count?: number }
  readonly files?: Files
  /** Joins small segments by itself; default true. */
  readonly compact?: boolean
  /** How long files no longer needed are kept for readers of older versions; default a week. */
  readonly keepMs?: number
  /** Told of what went wrong beside landing and asking, and will be tried again. */
  readonly onTrouble?: (error: unknown) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export interface QueryOptions {
  /** Positions up to which events are seen, by service; services not named are not seen. All that has landed without. */
  readonly at?: Readonly<Record<string, number>>
  readonly limits?: Partial<QueryLimits>
  readonly signal?: AbortSignal
}

/** What an answer rests on. */
export interface Basis {
  /** The same question at these positions gives the same answer. */
  readonly at: Readonly<Record<string, number>>
  readonly reads: readonly Read[]
  /** Why the same question at the same positions may answer differently; none when it may not. */
  readonly unrepeatable: readonly string[]
  /** The question says in which order its rows come; else they come in any. */
  readonly ordered: boolean
}

export interface Answer extends Basis {
  readonly columns: readonly Column[]
  /** Whole numbers beyond 2^53 are decimal text; times are RFC 3339, UTC. */
  readonly rows: readonly (readonly unknown[])[]
  /** More rows than the limits allow were left out. */
  readonly truncated: boolean
}

export interface Export extends Basis {
  readonly contentType: string
  readonly body: AsyncIterable<Uint8Array>
}

/** What a question will read, known before it runs. */
export interface Plan extends Basis {
  readonly tables: readonly string[]
  readonly files: number
  readonly bytes: number
  readonly events: number
}

const WEEK_MS = 7 * 24 * 3_600_000

/** Raised when the same events would be shown by other columns or values. */
const FORMAT = '1'

const contentTypes: Record<Format, string> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
}

/** Opens the lake in a folder. Any number of processes may land in it and ask it at the same time. */
export async function openLake(options: LakeOptions): Promise<Lake> {
  const files = options.files ?? localFiles(options.directory)
  const scratch = new Scratch(join(options.directory, '_headwater/scratch'))
  const engine = await openEngine({
    memory: '512MB',
    threads: Math.min(availableParallelism(), 4),
    temporary: scratch.take(),
  })
  const { keepMs = WEEK_MS, now = Date.now, onTrouble = () => {} } = options
  const log = await openDeltaLog(files, checkpoints(files, engine), { keepMs, now, onTrouble })
  const catalogue = new Catalogue()
  const lake = new Lake({ ...options, files, scratch, engine, log, catalogue })
  for (const contract of options.contracts ?? []) lake.declare(contract)
  const kept = await files.read('_headwater/catalogue.json')
  if (kept !== undefined) catalogue.restore(kept.toString())
  await countAgain({ files, engine, catalogue }, log.snapshot)
  return lake
}

interface Opened extends LakeOptions {
  readonly files: Files
  readonly scratch: Scratch
  readonly engine: Engine
  readonly log: DeltaLog
  readonly catalogue: Catalogue
}

/** Every event of every service it was given, and SQL over them. Made by `openLake`. */
export class Lake {
  readonly #on: Opened
  readonly #landing: Landing
  readonly #asking: Asking
  #counting: Promise<void> | undefined
  /** Questions kept by name, with what they read. */
  readonly questions: Questions

  /** @internal Use `openLake`. */
  constructor(on: Opened) {
    this.#on = on
    const seal = { events: 50_000, bytes: 32 * 1024 * 1024, afterMs: 2_000, ...on.seal }
    this.#landing = new Landing({
      ...on,
      seal,
      compact: on.compact ?? true,
      keepMs: on.keepMs ?? WEEK_MS,
      onTrouble: on.onTrouble ?? (() => {}),
      onFork: (service) => {
        on.catalogue.forget(service)
        this.#asking.restart()
      },
      units: on.units ?? ['customerId', 'unit'],
      now: on.now ?? Date.now,
    })
    const { count = 2, ...process } = on.processes ?? {}
    this.#asking = new Asking({
      readable: on.files.address('segments'),
      scratch: on.scratch,
      processes: count,
      limits: { memoryMb: 512, threads: Math.min(availableParallelism(), 4), spillMb: 2_048, ...process },
    })
    this.questions = new Questions({
      files: on.files,
      now: on.now ?? Date.now,
      engine: { duckdb: duckdbVersion(), lake: FORMAT },
      query: (sql, options) => this.query(sql, options),
    })
  }

  /** Tells the lake what a service promises: types of payload columns, levels, keys. */
  declare(contract: Contract): void {
    this.#on.catalogue.declare(contract)
  }

  /**
   * Takes a page in: visible to the next question, sealed soon. Events landed before are dropped by position.
   * @throws HW_LAKE_GAP when the page does not go on from what has landed; HW_LAKE_SEAL when sealing failed meanwhile.
   */
  async land(page: SourcePage, { service }: { service: string }): Promise<Landed> {
    return await this.#landing.land(page, service)
  }

  /** Position landed up to, by service. */
  positions(): Record<string, number> {
    return Object.fromEntries(this.#landing.positions)
  }

  /** Where to read a service's feed on; undefined at its start. */
  async cursor(service: string): Promise<Cursor | undefined> {
    return await this.#landing.cursor(service)
  }

  /**
   * Follows a log to another lineage, as `LogForked` says: events beyond the fork are taken out, and landing goes on from it.
   * @param to the last event that both lineages share.
   */
  async fork(service: string, to: Cursor): Promise<void> {
    await this.#landing.fork(service, to)
    await this.#counted()
  }

  /** Seals what has landed; resolves when it is in the table. */
  async seal(): Promise<void> {
    await this.#landing.seal()
  }

  /**
   * Joins small segments where there are some, into files of at most so many events; false when there were none, or another
   * writer was first.
   */
  async compact({ perFile }: { perFile?: number } = {}): Promise<boolean> {
    const { log, files, engine, now = Date.now } = this.#on
    const segments = crowded(await log.refresh(), 2)
    return segments.length > 0 && (await compact({ log, files, engine, now }, segments, perFile))
  }

  /** Removes files that no version of the last `keepMs` (default a week) needs. */
  async vacuum({ keepMs = this.#on.keepMs ?? WEEK_MS }: { keepMs?: number } = {}): Promise<Vacuumed> {
    const { log, files, scratch, now = Date.now } = this.#on
    return await vacuum({ log, files, scratch, now }, keepMs)
  }

  /** Event types and fields, with counts, times and examples. */
  catalogue(): readonly CataloguedType[] {
    return this.#on.catalogue.list()
  }

  /**
   * Answers a question in SQL.
   * @throws HW_QUERY_SYNTAX, HW_QUERY_REFUSED, HW_QUERY_TABLE, HW_QUERY_TIME, HW_QUERY_MEMORY, HW_QUERY_CANCELLED, HW_QUERY_FAILED, HW_LAKE_POSITION
   */
  async query(sql: string, options: QueryOptions = {}): Promise<Answer> {
    return await this.#asked(sql, options, async (process, question, basis) => {
      const rows = await process.ask(question, options.signal)
      return { ...rows!, ...basis }
    })
  }

  /** Answers a question as a file, streamed; limited in bytes, not in rows. The signal, or a minute unread, ends the body too. */
  async export(sql: string, format: Format, options: QueryOptions = {}): Promise<Export> {
    return await this.#asked(sql, options, async (process, question, basis) => {
      const file = await process.export(question, format, options.signal)
      return { ...basis, contentType: contentTypes[format], body: bytesOf(file, options.signal) }
    })
  }

  /** Says what a question will read, without running it. Refuses what would be refused. */
  async explain(sql: string, options: QueryOptions = {}): Promise<Plan> {
    const statement = await this.#asking.inspect(sql)
    await this.#refresh()
    const looked = this.#look(statement, options)
    return { ...basisOf(looked), tables: looked.tables, ...looked.scan }
  }

  /** What may come at a place in a question, the likeliest first. */
  complete(text: string, cursor?: number): readonly Suggestion[] {
    const { log, catalogue } = this.#on
    const sight = { snapshot: log.snapshot, kinds: (service: string, type: string) => catalogue.kinds(service, type) }
    const tables = catalogue.names().map(({ service, type }) => ({
      service,
      type,
      level: catalogue.levelOf(service, type),
      columns: () => fieldsOf(sight, service, type),
    }))
    return complete(tables, text, cursor)
  }

  /** Starts what answers questions, so that the first one need not wait. */
  warm(): void {
    this.#asking.warm()
  }

  async close(): Promise<void> {
    await this.#landing.close()
    await this.#asking.close()
    this.#on.engine.close()
    this.#on.scratch.close()
  }

  #look(statement: Statement, { at }: QueryOptions): Look {
    const { log, files, catalogue } = this.#on
    const sight: Omit<Sight, 'at' | 'newest'> = {
      snapshot: log.snapshot,
      address: (path) => files.address(path),
      kinds: (service, type) => catalogue.kinds(service, type),
    }
    return look(statement, sight, {
      landed: this.#landing.positions,
      catalogue,
      tail: this.#landing.tail,
      ...(at && { at }),
    })
  }

  /** Has a process answer, when one is free: it sees all that has landed by then, or what `at` says. */
  async #asked<T>(
    sql: string,
    options: QueryOptions,
    answer: (process: AskingProcess, question: Ask, basis: Basis) => Promise<T>,
  ): Promise<T> {
    const statement = await this.#asking.inspect(sql)
    await this.#refresh()
    return await this.#asking.by(async (process) => {
      // One after the other without a pause, so that views and tail are of one moment.
      const looked = this.#look(statement, options)
      const lacking = this.#lacking(process.fed)
      await process.feed(lacking)
      return await answer(process, { sql, views: looked.views, limits: this.#limits(options) }, basisOf(looked))
    }, options.signal)
  }

  #lacking(fed: number): Lacking {
    const chunks = this.#landing.tail.chunks.filter(({ sequence }) => sequence > fed)
    return {
      rows: chunks.map(({ rows }) => rows),
      upTo: chunks.at(-1)?.sequence ?? fed,
      sealed: positionsOf(this.#on.log.snapshot),
    }
  }

  /** Sees what other processes have sealed. */
  async #refresh(): Promise<void> {
    const sealed = positionsOf(await this.#landing.refresh())
    const counted = this.#on.catalogue.positions
    if ([...sealed].some(([service, position]) => position > (counted.get(service) ?? 0))) await this.#counted()
  }

  /** Counts what the table holds now; a count under way may be of the table before. */
  async #counted(): Promise<void> {
    await this.#counting
    this.#counting ??= countAgain(this.#on, this.#on.log.snapshot).finally(() => (this.#counting = undefined))
    await this.#counting
  }

  #limits({ limits }: QueryOptions): QueryLimits {
    return { timeMs: 30_000, rows: 10_000, bytes: 16 * 1024 * 1024, ...this.#on.limits, ...limits }
  }
}

/** How long an export waits for somebody to read it. */
const UNREAD_MS = 60_000

/** The bytes of a file, which is closed when they are read or left, or when nobody comes for them. */
function bytesOf(file: FileHandle, signal?: AbortSignal): AsyncIterable<Uint8Array> {
  const bytes = file.createReadStream()
  const leave = () => void bytes.destroy()
  const unread = setTimeout(leave, UNREAD_MS).unref()
  signal?.addEventListener('abort', leave, { once: true })
  bytes.once('close', () => {
    clearTimeout(unread)
    signal?.removeEventListener('abort', leave)
  })
  return {
    [Symbol.asyncIterator]() {
      clearTimeout(unread)
      return bytes[Symbol.asyncIterator]()
    },
  }
}

function basisOf({ at, reads, unrepeatable, ordered }: Basis): Basis {
  return { at, reads, unrepeatable, ordered }
}
