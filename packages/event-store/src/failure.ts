import type { Conflict, IdReused } from './append.ts'

/** A value that cannot be recorded. Nothing was sent. */
export class InvalidAppend extends TypeError {
  readonly code = 'HW_INVALID_APPEND'
}

/** In `transact`: the stream moved in between. Everything was rolled back; run the transaction again. */
export class AppendConflict extends Error {
  readonly code = 'HW_CONFLICT'
  readonly stream: string
  readonly expected: number
  readonly actual: number
  constructor({ stream, expected, actual }: Omit<Conflict, 'kind'>) {
    super(`Expected stream ${stream} at version ${expected}, it is at ${actual}. Load it again and decide again.`)
    this.stream = stream
    this.expected = expected
    this.actual = actual
  }
}

/** In `transact`: these ids belong to other events. Everything was rolled back. */
export class IdsReused extends Error {
  readonly code = 'HW_ID_REUSED'
  readonly ids: readonly string[]
  constructor({ ids }: Omit<IdReused, 'kind'>) {
    super(
      `Expected new event ids or a whole repeat, got ids of other events: ${ids.join(', ')}. Give a new event a new id.`,
    )
    this.ids = ids
  }
}

/** The database could not be reached in time. `HW_UNAVAILABLE`: nothing was sent. `HW_OUTCOME_UNKNOWN`: it may have been recorded. */
export class Unsettled extends Error {
  readonly code: 'HW_UNAVAILABLE' | 'HW_OUTCOME_UNKNOWN'
  constructor(sent: boolean, waitedMs: number, cause: unknown) {
    const seconds = Math.round(waitedMs / 1000)
    super(
      sent
        ? `Expected an answer to an append, got none within ${seconds} s and several tries; it may have been recorded. Send it again with the same event ids.`
        : `Expected a connection to Postgres, got none within ${seconds} s; nothing was recorded. Look at the database, then try again.`,
      { cause },
    )
    this.code = sent ? 'HW_OUTCOME_UNKNOWN' : 'HW_UNAVAILABLE'
  }
}

/** How long what became of an append is looked for when its answer was lost. */
export const settleWithinMs = 60_000

/** SQLSTATE of a server's error, code of a socket's, else empty. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** Codes of sockets and name look-ups; sentences of the driver, which has no codes for its own. */
const lostConnection = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_)/
const lostConnectionText =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|Query read timeout)/

/**
 * Whether an error says nothing about what became of the statement: the connection went, or the server is going or coming.
 * Every other error of a server (a SQLSTATE) means that it was rolled back.
 */
export function isUnsettled(error: unknown): boolean {
  const code = codeOf(error)
  if (lostConnection.test(code) || /^(08|57P|53300)/.test(code)) return true
  return code === '' && error instanceof Error && lostConnectionText.test(error.message)
}

/** SQLSTATE classes that say the data, or the statement, is wrong; a trigger's or a function's own (P0); what this server cannot do (0A). */
const wrong = /^(0A|22|23|42|44|P0|HW)/

/** Whether trying again later may succeed: a server's error that is not about what it was given, or a connection that went. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return isUnsettled(error) || isLostStatement(error) || (/^[0-9A-Z]{5}$/.test(code) && !wrong.test(code))
}

/** A prepared statement is not there, or is another's: a pooler gave another server connection, or the schema changed. Nothing was run. */
export function isLostStatement(error: unknown): boolean {
  const code = codeOf(error)
  if (code === '0A000') return (error as Error).message.startsWith('cached plan must not change')
  return code === '26000' || code === '42P05'
}
