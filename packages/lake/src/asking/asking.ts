import { LakeError } from '../failure.ts'
import { AskingProcess } from './asking-process.ts'
import type { ProcessLimits } from './protocol.ts'
import type { Scratch } from '../scratch.ts'
import type { Statement } from './statement.ts'

/** Inspected questions remembered by their text. */
const REMEMBERED = 500

export interface AskingOptions {
  /** Folder of the table's segments: all that a question may read. */
  readonly readable: string
  readonly scratch: Scratch
  readonly limits: ProcessLimits
  /** Questions answered at the same time, each by a process of its own; the others wait. */
  readonly processes: number
}

/** Some processes that answer questions; one that dies is replaced when the next question comes. */
export class Asking {
  readonly #options: AskingOptions
  #processes: AskingProcess[] = []
  /** Busy when their tails became void; ended after their question. */
  #stale: AskingProcess[] = []
  #waiting: (() => void)[] = []
  readonly #inspected = new Map<string, Statement>()
  #closed = false

  constructor(options: AskingOptions) {
    this.#options = options
  }

  /** Starts a process, so that the first question need not wait for it. */
  warm(): void {
    if (!this.#closed) void this.#any().started.catch(() => {})
  }

  /** Lets the text through the gate, or throws. */
  async inspect(sql: string): Promise<Statement> {
    const known = this.#inspected.get(sql)
    if (known !== undefined) return known
    const process = this.#any()
    const statement = await process.inspect(sql).catch((error: unknown) => {
      // Ended by `restart`, not by what it was asked.
      if (this.#closed || this.#processes.includes(process)) throw error
      return this.inspect(sql)
    })
    if (this.#inspected.size >= REMEMBERED) this.#inspected.delete(this.#inspected.keys().next().value!)
    this.#inspected.set(sql, statement)
    return statement
  }

  /** Has work done by a process, when one is free for it alone. */
  async by<T>(work: (process: AskingProcess) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const process = await this.#free(signal)
    try {
      return await work(process)
    } finally {
      process.busy = false
      if (this.#stale.includes(process)) {
        this.#stale = this.#stale.filter((one) => one !== process)
        process.kill()
      }
      this.#wake()
    }
  }

  /** Ends what runs idle, so that the next question starts with an empty tail; a question under way ends in its own time. */
  restart(): void {
    const stale = this.#processes
    this.#processes = []
    for (const process of stale) if (!process.busy) process.kill()
    this.#stale.push(...stale.filter(({ busy }) => busy))
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    await Promise.all([...this.#processes, ...this.#stale].map((process) => process.close()))
  }

  #alive(): AskingProcess[] {
    return (this.#processes = this.#processes.filter(({ dead }) => !dead))
  }

  #any(): AskingProcess {
    return this.#alive()[0] ?? this.#start()
  }

  #start(): AskingProcess {
    const { readable, scratch, limits } = this.#options
    const folder = scratch.take()
    const process = new AskingProcess({ readable, folder, limits })
    void process.gone.then(() => scratch.drop(folder))
    this.#processes.push(process)
    return process
  }

  async #free(signal?: AbortSignal): Promise<AskingProcess> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#closed) throw new LakeError('HW_QUERY_STOPPED', 'The lake was closed before the question was asked.')
      const idle = this.#alive().find(({ busy }) => !busy)
      const process = idle ?? (this.#processes.length < this.#options.processes ? this.#start() : undefined)
      if (process !== undefined) {
        process.busy = true
        return process
      }
      await this.#turn(signal)
    }
  }

  /** Resolves when a process may have become free, or the signal says that nobody waits any more. */
  async #turn(signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const turn = () => {
        signal?.removeEventListener('abort', turn)
        resolve()
      }
      signal?.addEventListener('abort', turn)
      this.#waiting.push(turn)
    })
  }

  /** All of them, in their order: were it one, nobody would come in the place of one who has left. */
  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const turn of waiting) turn()
  }
}
