import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { LakeError } from '../failure.ts'
import {
  type Ask,
  type Call,
  type Feed,
  type Format,
  OUT_OF_MEMORY,
  type Places,
  type ProcessLimits,
  type Reply,
  type Rows,
} from './protocol.ts'
import type { Statement } from './statement.ts'

/** Time an interrupted question has to end before its process is ended instead. */
const GRACE_MS = 2_000

/** What the tail of a process lacks, as its parent has it. */
export interface Lacking extends Pick<Feed, 'sealed'> {
  readonly rows: readonly Buffer[]
  /** Sequence of the last chunk in `rows`. */
  readonly upTo: number
}

/** A process that answers questions, as its parent sees it. Dead for good once it died. */
export class AskingProcess {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #pending = new Map<number, { resolve: (value: any) => void; reject: (error: Error) => void }>()
  #next = 0
  #dead: LakeError | undefined
  readonly started: Promise<void>
  /** Resolves when the process has ended, or could not be started. */
  readonly gone: Promise<void>
  /** Sequence of the last chunk of the tail it was given. */
  fed = 0
  busy = false

  constructor(options: Places & { limits: ProcessLimits }) {
    this.#folder = options.folder
    this.#child = spawned()
    this.#child.on('message', (reply) => this.#settle(reply as Reply))
    this.#child.once('exit', (code, signal) => this.#died(causeOf(code, signal, options.limits)))
    this.#child.once('error', (error) =>
      this.#died(new LakeError('HW_QUERY_STOPPED', `The asking process did not start: ${error.message}`)),
    )
    this.gone = new Promise((resolve) => this.#child.once('exit', () => resolve()).once('error', () => resolve()))
    this.started = this.#call({ kind: 'start', ...options }) as Promise<undefined>
    this.started.catch(() => {})
  }

  get dead(): boolean {
    return this.#dead !== undefined
  }

  async inspect(sql: string): Promise<Statement> {
    await this.started
    return (await this.#call({ kind: 'inspect', sql })) as Statement
  }

  /** Gives it what its tail lacks; a process that could not take it is ended. */
  async feed({ rows, upTo, sealed }: Lacking): Promise<void> {
    await this.started
    const path = join(this.#folder, `${randomUUID()}.rows`)
    try {
      if (rows.length > 0) await writeFile(path, rows)
      await this.#call({ kind: 'feed', sealed, ...(rows.length > 0 && { rows: path }) })
      this.fed = upTo
    } catch (error) {
      this.kill()
      throw error
    } finally {
      await rm(path, { force: true })
    }
  }

  /** Answers a file without a name: it is gone when it is closed, also when this process ends before. */
  async export(question: Ask, format: Format, signal?: AbortSignal): Promise<FileHandle> {
    const path = join(this.#folder, `${randomUUID()}.${format}`)
    try {
      await this.ask({ ...question, export: { path, format } }, signal)
      return await open(path)
    } finally {
      await rm(path, { force: true })
    }
  }

  async ask(question: Ask, signal?: AbortSignal): Promise<Rows | undefined> {
    signal?.throwIfAborted()
    let deadline: NodeJS.Timeout | undefined
    const end = (afterMs: number, why: LakeError) => {
      clearTimeout(deadline)
      deadline = setTimeout(() => this.kill(why), afterMs)
    }
    const cancel = () => {
      end(GRACE_MS, new LakeError('HW_QUERY_CANCELLED', 'The question was cancelled.'))
      void this.#call({ kind: 'cancel' }).catch(() => {})
    }
    const { timeMs } = question.limits
    const late = `The question took longer than ${timeMs} ms and its process was ended. Narrow it, or ask for more time.`
    end(timeMs + GRACE_MS, new LakeError('HW_QUERY_TIME', late))
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      return (await this.#call({ kind: 'ask', ...question })) as Rows | undefined
    } finally {
      clearTimeout(deadline)
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** Ends it; what is under way fails with this error. */
  kill(why?: LakeError): void {
    if (why !== undefined) this.#died(why)
    this.#child.kill('SIGKILL')
  }

  /** Resolves when the process is gone. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.ref()
    this.kill()
    await this.gone
  }

  #call(call: Call): Promise<unknown> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead)
    const id = ++this.#next
    // Only a question under way keeps the parent from ending.
    this.#child.ref()
    this.#child.channel?.ref()
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
      this.#child.send({ id, call })
    })
  }

  #rest(): void {
    if (this.#pending.size > 0) return
    this.#child.unref()
    this.#child.channel?.unref()
  }

  #settle(reply: Reply): void {
    const waiting = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if ('error' in reply) waiting?.reject(new LakeError(reply.error.code, reply.error.message))
    else waiting?.resolve(reply.value)
    this.#rest()
  }

  #died(cause: LakeError): void {
    this.#dead ??= cause
    for (const { reject } of this.#pending.values()) reject(this.#dead)
    this.#pending.clear()
  }
}

function spawned(): ChildProcess {
  const extension = extname(import.meta.url)
  const source = extension === '.ts'
  const program = fileURLToPath(new URL(`./process${extension}`, import.meta.url))
  // From source, as tests run it, Node needs a loader for TypeScript.
  const loader = source
    ? ['--conditions=source', '--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
    : []
  const child = fork(program, {
    serialization: 'advanced',
    execArgv: ['--max-old-space-size=256', ...loader],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // No secret of the service's environment is within reach of a question.
    env: Object.fromEntries(['PATH', 'TMPDIR'].flatMap((key) => (process.env[key] ? [[key, process.env[key]]] : []))),
  })
  return child
}

function causeOf(code: number | null, signal: string | null, { memoryMb }: ProcessLimits): LakeError {
  return code === OUT_OF_MEMORY
    ? new LakeError(
        'HW_QUERY_MEMORY',
        `The question needs more memory than the ${memoryMb} MB it may use, and was stopped. Narrow it.`,
      )
    : new LakeError(
        'HW_QUERY_STOPPED',
        `The asking process ended (${signal ?? `exit code ${code}`}) before the question did. Ask again, or narrow the question.`,
      )
}
