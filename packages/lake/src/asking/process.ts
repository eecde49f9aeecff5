import { rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { noExtensions } from '../engine.ts'
import { envelope, envelopeColumns, readRows } from '../event-row.ts'
import { LakeError } from '../failure.ts'
import { name, text, texts } from '../sql.ts'
import { TAIL, type View } from '../views.ts'
import { gate } from './gate.ts'
import { type Ask, type Call, type Feed, OUT_OF_MEMORY, type Reply, type Request, type Rows } from './protocol.ts'
import { readRowsOf } from './result.ts'
import type { Statement } from './statement.ts'

const REMEMBERED = 500

interface Running {
  connection?: DuckDBConnection
  /** Why it has to stop. */
  why?: LakeError
}

/**
 * The process that answers questions, one at a time. It holds the tail and nothing that cannot be told again: when it dies, of
 * a question too large or by a fault of the engine, another one takes its place.
 */
class Asking {
  readonly #instance: DuckDBInstance
  /** Texts that passed the gate. */
  readonly #passed = new Map<string, Statement>()
  readonly #views = new Map<string, string>()
  #running: Running | undefined

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance
  }

  static async start({ readable, folder, limits }: Extract<Call, { kind: 'start' }>): Promise<Asking> {
    const instance = await DuckDBInstance.create(':memory:', {
      ...noExtensions,
      memory_limit: `${limits.memoryMb}MB`,
      threads: String(limits.threads),
      temp_directory: folder,
      max_temp_directory_size: `${limits.spillMb}MB`,
    })
    const connection = await instance.connect()
    const columns = envelopeColumns.map((column) => `${column} ${envelope[column]}`).join(', ')
    await connection.run(`create table ${TAIL} (${columns})`)
    for (const setting of [
      `TimeZone = 'UTC'`,
      `parquet_metadata_cache = true`,
      `max_expression_depth = 250`,
      `allowed_directories = ${texts([readable, folder])}`,
      `enable_external_access = false`,
      `lock_configuration = true`,
    ])
      await connection.run(`set ${setting}`)
    connection.closeSync()
    const beyond = limits.memoryMb * 2 * 1024 * 1024
    setInterval(() => process.memoryUsage.rss() > beyond && process.exit(OUT_OF_MEMORY), 50).unref()
    return new Asking(instance)
  }

  async inspect(sql: string): Promise<Statement> {
    const known = this.#passed.get(sql)
    if (known !== undefined) return known
    const connection = await this.#instance.connect()
    try {
      const reader = await connection.runAndReadAll(`select json_serialize_sql(${text(sql)})`)
      const statement = gate(String(reader.getRows()[0]![0]))
      if (this.#passed.size >= REMEMBERED) this.#passed.clear()
      this.#passed.set(sql, statement)
      return statement
    } finally {
      connection.closeSync()
    }
  }

  async feed({ rows, sealed }: Feed): Promise<undefined> {
    const connection = await this.#instance.connect()
    try {
      if (rows !== undefined) await connection.run(`insert into ${TAIL} from ${readRows(rows)}`)
      for (const [service, position] of sealed)
        await connection.run(`delete from ${TAIL} where service = ${text(service)} and position <= ${position}`)
    } finally {
      connection.closeSync()
    }
    return undefined
  }

  async ask(question: Ask): Promise<Rows | undefined> {
    const running: Running = {}
    this.#running = running
    const { timeMs } = question.limits
    const late = `The question took longer than ${timeMs} ms and was stopped. Narrow it, or ask for more time.`
    const timer = setTimeout(() => this.stop(new LakeError('HW_QUERY_TIME', late)), timeMs)
    try {
      // The gate is here once more, in the process that runs the text, whatever was inspected before.
      await this.inspect(question.sql)
      const connection = await this.#instance.connect()
      running.connection = connection
      await this.#look(connection, question.views)
      if (running.why !== undefined) throw running.why
      refuseUnknown(connection, question.sql)
      return question.export === undefined
        ? await readRowsOf(connection, question.sql, question.limits)
        : await this.#export(connection, question)
    } catch (error) {
      throw running.why ?? error
    } finally {
      clearTimeout(timer)
      this.#running = undefined
      running.connection?.closeSync()
    }
  }

  /** Stops what runs now; it ends with this error. */
  stop(why: LakeError): void {
    if (this.#running === undefined) return
    this.#running.why ??= why
    this.#running.connection?.interrupt()
  }

  /** Views are bound to files, which takes time: one that is still the same is kept. */
  async #look(connection: DuckDBConnection, views: readonly View[]): Promise<void> {
    for (const view of views) {
      const schema = view.schema ?? 'main'
      const called = `${name(schema)}.${name(view.name)}`
      const key = called.toLowerCase()
      if (this.#views.get(key) === view.sql) continue
      this.#views.delete(key)
      await connection.run(`create schema if not exists ${name(schema)}`)
      await connection.run(`create or replace view ${called} as ${view.sql}`)
      this.#views.set(key, view.sql)
    }
  }

  async #export(connection: DuckDBConnection, { sql, limits, export: target }: Ask): Promise<undefined> {
    const { path, format } = target!
    const options = { csv: 'format csv, header', json: 'format json, array true', parquet: 'format parquet' }[format]
    const watch = setInterval(() => void this.#weigh(path, limits.bytes), 100)
    try {
      await connection.run(`copy (${trimmed(sql)}\n) to ${text(path)} (${options})`)
    } finally {
      clearInterval(watch)
    }
    return undefined
  }

  async #weigh(path: string, most: number): Promise<void> {
    const size = await stat(path).then(
      (file) => file.size,
      () => 0,
    )
    if (size > most)
      this.stop(
        new LakeError(
          'HW_QUERY_BYTES',
          `The answer is larger than ${most} bytes and was stopped. Narrow the question, or ask for more bytes.`,
        ),
      )
  }
}

/** The engine names the tables it would look for among files, by its own rules of what a name means where. */
function refuseUnknown(connection: DuckDBConnection, sql: string): void {
  const unknown = connection.getTableNames(sql, false).find((table) => table !== TAIL)
  if (unknown !== undefined)
    throw new LakeError('HW_QUERY_TABLE', `There is no table ${unknown}. The catalogue lists those there are.`)
}

/** A question may end with semicolons; inside COPY it may not. */
function trimmed(sql: string): string {
  return sql.replace(/[\s;]+$/, '')
}

let asking: Promise<Asking> | undefined
let own: string | undefined

async function answer(call: Call): Promise<Statement | Rows | undefined> {
  if (call.kind === 'start') {
    asking = Asking.start(call)
    own = call.folder
    await asking
    return undefined
  }
  const started = await asking!
  if (call.kind === 'inspect') return await started.inspect(call.sql)
  if (call.kind === 'feed') return await started.feed(call)
  if (call.kind === 'ask') return await started.ask(call)
  started.stop(new LakeError('HW_QUERY_CANCELLED', 'The question was cancelled.'))
  return undefined
}

process.on('message', ({ id, call }: Request) => {
  answer(call).then(
    (value) => reply({ id, value }),
    (error: Error) => reply({ id, error: failure(error) }),
  )
})
process.on('disconnect', () => {
  // The parent has died: nobody else would take the folder away.
  if (own !== undefined) rmSync(own, { recursive: true, force: true })
  // Not exit(): that waits for the engine's threads, which may be at work on a question without end.
  process.kill(process.pid, 'SIGKILL')
})

function reply(message: Reply): void {
  process.send!(message)
}

function failure(error: Error): { code: `HW_${string}`; message: string } {
  if (error instanceof LakeError) return { code: error.code, message: error.message }
  if (/Out of Memory Error/i.test(error.message))
    return {
      code: 'HW_QUERY_MEMORY',
      message: `The question needs more memory than it may use. Narrow it. (${firstLine(error)})`,
    }
  return { code: 'HW_QUERY_FAILED', message: error.message }
}

function firstLine(error: Error): string {
  return error.message.split('\n')[0]!
}
