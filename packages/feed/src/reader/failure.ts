import type { Cursor } from '../cursor.ts'

/** Why a feed cannot be read. `code` is the server's where it gave one, else ours. */
export class FeedFailure extends Error {
  readonly code: string
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined
  /** True when asking again will not help until somebody mends something. */
  readonly permanent: boolean
  /** Milliseconds the server asks to wait. */
  readonly retryAfterMs: number | undefined
  /** The server's problem document. */
  readonly problem: Readonly<Record<string, unknown>>
  constructor(
    code: string,
    message: string,
    more: {
      readonly status?: number
      readonly permanent?: boolean
      readonly retryAfterMs?: number
      readonly problem?: Readonly<Record<string, unknown>>
      readonly cause?: unknown
    } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause })
    this.code = code
    this.status = more.status
    this.permanent = more.permanent ?? false
    this.retryAfterMs = more.retryAfterMs
    this.problem = more.problem ?? {}
  }
}

/** The log went on as another lineage from `fork`; what was read beyond it is no longer part of the log. */
export class LogForked extends Error {
  readonly code = 'HW_LOG_FORKED'
  readonly service: string
  /** The last event the lineage read so far shares with the present one, and the lineage to go on with. */
  readonly fork: Cursor
  constructor(service: string, fork: Cursor) {
    super(
      `The log of ${service} forked at position ${fork.position}. Go on from there with lineage ${fork.log}, and say what was done beyond it.`,
    )
    this.service = service
    this.fork = fork
  }
}

/** The failure that an answer other than 200 stands for. */
export async function failureOf(response: Response): Promise<FeedFailure> {
  const { status } = response
  const text = await response.text().catch(() => '')
  const problem = parsed(text)
  const code = typeof problem.code === 'string' ? problem.code : `HW_FEED_HTTP_${status}`
  const detail = typeof problem.detail === 'string' ? problem.detail : text.slice(0, 200)
  const retryAfterMs = waitOf(response.headers.get('retry-after'))
  const permanent = status < 500 && ![404, 408, 410, 425, 429].includes(status)
  const where = response.url === '' ? 'The feed' : response.url
  return new FeedFailure(code, `${where} answered ${status}: ${detail}`, {
    status,
    permanent,
    problem,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** Seconds or a date (RFC 9110, 10.2.3), as milliseconds from now. */
function waitOf(header: string | null): number | undefined {
  if (header === null) return undefined
  const seconds = Number(header)
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
