import type { AppendResult } from './append.ts'
import { type BatchAnswer, batchArguments, batchResults, takeBatch, type Waiting } from './batch.ts'
import type { EncodedAppend } from './encoding.ts'
import { codeOf, isUnsettled, settleWithinMs, Unsettled } from './failure.ts'
import type { Session } from './session.ts'

const firstPauseMs = 20
const longestPauseMs = 1_000
/** A connection that says nothing for so long is given up: the host may be gone without a word. */
const silentMostMs = 20_000
/** Appends that wait while nothing gets through; more are refused at once. */
const waitingMost = 10_000

/** One batch is on its way at a time; what arrives meanwhile is the next one. */
export class GroupCommit {
  readonly #session: Session
  readonly #schema: string
  readonly #onAppended: (last: number) => void
  readonly #queue: Waiting[] = []
  #running: Promise<void> | undefined
  #closed = false

  constructor(session: Session, schema: string, onAppended: (last: number) => void) {
    this.#session = session
    this.#schema = schema
    this.#onAppended = onAppended
  }

  append(append: EncodedAppend): Promise<AppendResult> {
    if (this.#closed) return Promise.reject(closedError())
    if (this.#queue.length >= waitingMost) return Promise.reject(new Unsettled(false, 0, undefined))
    return new Promise((resolve, reject) => {
      this.#queue.push({ append, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    // Whoever was woken by the batch before comes with its next append in this same turn.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const batch = takeBatch(this.#queue)
      await this.#settle(batch)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.#running = undefined
  }

  async #settle(batch: readonly Waiting[], repeat = false): Promise<void> {
    try {
      const results = await this.#send(
        batch.map(({ append }) => append),
        repeat,
      )
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!)
      this.#onAppended(lastOf(results))
    } catch (error) {
      // Something in it that no check foresaw: it must not fail the others.
      if (batch.length > 1 && !(error instanceof Unsettled)) {
        for (const one of batch) await this.#settle([one], repeat)
      } else for (const { reject } of batch) reject(error)
    }
  }

  /** Sends until it is known what became of it; the ids make the second time a repeat of the first. */
  async #send(appends: readonly EncodedAppend[], repeat: boolean): Promise<AppendResult[]> {
    const started = performance.now()
    let sent = repeat
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const results = await this.#sendOnce(appends, sent)
        return sent ? results.map((result, index) => ownRepeat(result, appends[index]!)) : results
      } catch (error) {
        const rolledBack = /^(40P01|40001)$/.test(codeOf(error))
        if (!rolledBack && !isUnsettled(error)) {
          // What a second try says must not be taken for what became of the first, unless it is about the values themselves.
          if (!sent || repeat || /^(22|23|42)/.test(codeOf(error))) throw error
        }
        sent ||= !rolledBack && !isRefusedConnection(error)
        const waitedMs = performance.now() - started
        if (waitedMs > settleWithinMs) throw new Unsettled(sent, waitedMs, error)
        await new Promise<void>((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  async #sendOnce(appends: readonly EncodedAppend[], repeat: boolean): Promise<AppendResult[]> {
    const [only] = appends
    if (appends.length === 1 && !repeat && isPlain(only!)) return [await this.#sendPlain(only!)]
    const answer = await this.#session.rows(
      `select last_before, heads, results from ${this.#schema}.append_batch($1, $2, $3, $4, $5, $6, $7)`,
      batchArguments(appends, repeat),
      { silentMostMs },
    )
    return batchResults(appends, answer[0] as unknown as BatchAnswer)
  }

  async #sendPlain({ parts }: EncodedAppend): Promise<AppendResult> {
    const { stream, expected, events } = parts[0]!
    const { id, type, schemaVersion, occurredAt, meta, data } = events[0]!
    const [answer] = await this.#session.rows(
      `select position, version from ${this.#schema}.append_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        stream,
        expected ?? null,
        id,
        type,
        schemaVersion,
        occurredAt,
        meta.correlationId,
        meta.causationId,
        meta.traceparent ?? null,
        data,
      ],
      { silentMostMs },
    )
    const [position, version] = answer as [string | null, string]
    if (position === null) return { kind: 'conflict', stream, expected: expected!, actual: Number(version) }
    return {
      kind: 'appended',
      first: Number(position),
      last: Number(position),
      versions: [Number(version)],
      repeated: false,
    }
  }
}

function isPlain({ parts, size, givenIds, rows }: EncodedAppend): boolean {
  return parts.length === 1 && size === 1 && givenIds.length === 0 && rows.length === 0
}

/** Ids that this store made are known only because it sent them itself: to the caller that is the first time. */
function ownRepeat(result: AppendResult, { givenIds }: EncodedAppend): AppendResult {
  return result.kind === 'appended' && givenIds.length === 0 ? { ...result, repeated: false } : result
}

function isRefusedConnection(error: unknown): boolean {
  const { code, syscall } = error as { code?: string; syscall?: string }
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === '57P03' || code === '53300'
}

function lastOf(results: readonly AppendResult[]): number {
  return results.reduce((last, result) => (result.kind === 'appended' && result.last > last ? result.last : last), 0)
}

export function closedError(): Error {
  return Object.assign(new Error('Expected an open event store, got one that was closed. Append before close().'), {
    code: 'HW_CLOSED',
  })
}
