/** What becomes of an event whose handling failed. */
export type Judgement = 'retriable' | 'poison' | 'fatal'

/** Throw it where trying again later may succeed: the event's key waits, others go on. */
export class Retriable extends Error {
  readonly code = 'HW_RETRIABLE'
}

/** Throw it where trying again is of no use: the event is parked until a person decides. */
export class Poison extends Error {
  readonly code = 'HW_POISON'
}

/** Throw it where going on would do harm: the consumer stops and says why. */
export class Fatal extends Error {
  readonly code: string = 'HW_FATAL'
}

/**
 * SQLSTATE classes that say the data is wrong (22 data exception, 23 integrity constraint, 44 check option) or the program is (42 syntax
 * or access rule).
 */
const wrong = /^(22|23|42|44)/

/** Said by a source: another log altogether, or a request that will never be right. */
const fatalCodes = new Set([
  'HW_FATAL',
  'HW_LOG_DIVERGED',
  'HW_TYPE_NOT_SHOWN',
  'HW_CURSOR_MALFORMED',
  'HW_PARAMETER_INVALID',
])

/** The default judgement: what a person must mend is poison, the rest is tried again. */
export function judge(error: unknown): Judgement {
  const code = codeOf(error)
  if (code === 'HW_RETRIABLE') return 'retriable'
  if (code === 'HW_POISON' || code === 'HW_ID_REUSED' || code.startsWith('HW_INVALID_')) return 'poison'
  if (error instanceof Fatal || fatalCodes.has(code)) return 'fatal'
  if (wrong.test(code)) return 'poison'
  return isMistake(error) ? 'poison' : 'retriable'
}

/** A mistake in the program. A failed `fetch` is a TypeError as well, with what happened to the network as its cause. */
function isMistake(error: unknown): boolean {
  if (error instanceof TypeError) return error.cause === undefined
  return error instanceof RangeError || error instanceof SyntaxError || error instanceof ReferenceError
}

/**
 * Whether a transaction failed for a reason that has nothing to do with its events. `again`: it surely did not commit
 * (serialization, deadlock, lock timeout, a conflict of the append, a pooler that lost a prepared statement). `unknown`: the
 * connection went, or the server may not be written to now (a standby, its disk, its passwords); it may have committed.
 */
export function transactionTrouble(error: unknown): 'again' | 'unknown' | undefined {
  const code = codeOf(error)
  if (/^(40001|40P01|55P03|HW_CONFLICT)$/.test(code) || isLostStatement(error)) return 'again'
  if (/^(08|25006|28|3D|53|57P|58)/.test(code) || code === 'HW_OUTCOME_UNKNOWN' || code === 'HW_UNAVAILABLE')
    return 'unknown'
  if (/^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_)/.test(code) && isSocketError(error))
    return 'unknown'
  const text = error instanceof Error ? error.message : ''
  return /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Client was closed|Query read timeout)/.test(
    text,
  )
    ? 'unknown'
    : undefined
}

/**
 * The same of an error that no handler threw: of the transaction itself, most often at COMMIT. Only what says that the data or the
 * program is wrong can be about its events, such as a constraint that was deferred; all else passes.
 */
export function ownTrouble(error: unknown): 'again' | 'unknown' | undefined {
  return transactionTrouble(error) ?? (judge(error) === 'retriable' ? 'unknown' : undefined)
}

/**
 * A prepared statement is not there, or there already: a pooler gave another server connection, or the schema changed. Nothing was run,
 * and it says nothing about whoever's statement it was.
 */
export function isLostStatement(error: unknown): boolean {
  const code = codeOf(error)
  if (code === '0A000') return (error as Error).message.startsWith('cached plan must not change')
  return code === '26000' || code === '42P05'
}

/** Back-off with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): a random part of min(cap, base · 2^attempt) ms. */
export function backOffMs(attempt: number, random: () => number, { baseMs = 100, capMs = 60_000 } = {}): number {
  return Math.ceil(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 20)))
}

/** An error as kept beside a parked event; at most 2,000 characters of message and stack. */
export interface KeptError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

export function keptError(error: unknown): KeptError {
  if (!(error instanceof Error)) return { name: 'Error', message: clean(String(error)) }
  const code = codeOf(error)
  return {
    name: clean(error.name),
    message: clean(error.message),
    ...(code === '' ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: clean(error.stack) }),
  }
}

/** Postgres keeps neither U+0000 nor lone surrogates in text. */
function clean(text: string): string {
  return text.slice(0, 2_000).replace(/\0|\p{Surrogate}/gu, '')
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** Node's socket errors name the system call; a handler's own `ECONNREFUSED` from fetch comes wrapped as a cause. */
function isSocketError(error: unknown): boolean {
  return typeof (error as { syscall?: unknown }).syscall === 'string'
}
