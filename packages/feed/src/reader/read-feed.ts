import type { Cursor } from '../cursor.ts'
import type { ViewName } from '../view.ts'
import { discover, type Fetch } from './discover.ts'
import { FeedFailure, failureOf, LogForked } from './failure.ts'
import { type FeedPage, pageOfJson, pagesOfLines } from './page-parts.ts'
import { backOffMs, pause } from './patience.ts'

export interface ReadFeedOptions {
  /** Name of the service; needed where the entry URL is the landscape's. */
  readonly service?: string
  /** Default `published`. */
  readonly view?: ViewName
  /** Where to begin. A cursor with an empty id is not checked against the log. */
  readonly after: 'start' | 'end' | Cursor
  /** Types to show; all when absent or empty. `Saved@2` asks for a published version. */
  readonly types?: readonly string[]
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal
  /** Sends requests: put the token in here. */
  readonly fetch?: Fetch
  /** How long a request waits at the end of the log; default 30. */
  readonly waitSeconds?: number
  /** Asks for gzip: for slow networks. */
  readonly compress?: boolean
  /** Told of each failure that is waited out, so that a broken feed never looks like a quiet one. */
  readonly onRetry?: (trouble: {
    readonly failure: FeedFailure
    readonly attempt: number
    readonly waitMs: number
  }) => void
  readonly random?: () => number
}

/**
 * Reads a feed on and on, in pages that join: every event its view allows, once, in order. Waits at the end, backs off with jitter when the
 * service is away, finds it again from the entry URL when it moved. One answer at a time is read, as fast as its pages are taken.
 * Throws `LogForked`, or a permanent `FeedFailure` (no right, unknown type, another log, a gap); never passes anything over.
 */
export async function* readFeed(entryUrl: string, options: ReadFeedOptions): AsyncGenerator<FeedPage, void, undefined> {
  const reading = new Reading(entryUrl, options)
  let attempt = 0
  while (!reading.signal.aborted) {
    try {
      for await (const page of reading.ask()) {
        attempt = 0
        yield page
      }
    } catch (error) {
      if (reading.signal.aborted) return
      const failure = transient(error)
      attempt++
      const waitMs = backOffMs(attempt, failure.retryAfterMs, options.random ?? Math.random)
      options.onRetry?.({ failure, attempt, waitMs })
      await pause(waitMs, reading.signal)
    }
  }
}

/** The place of the last event recorded before a time (RFC 3339), or of the last there is. */
export async function findCursor(
  entryUrl: string,
  { before, ...options }: Omit<ReadFeedOptions, 'after'> & { readonly before: string | 'end' },
): Promise<Cursor> {
  const reading = new Reading(entryUrl, { ...options, after: 'end', waitSeconds: 0 })
  const place: Record<string, string> = before === 'end' ? {} : { after: 'start', since: before }
  for await (const { cursor } of reading.ask({ limit: '0', ...place })) return cursor
  throw new FeedFailure('HW_FEED_UNREADABLE', 'Expected a page, got none.')
}

/** Nothing came for so long beyond what was asked to be waited for: the connection is dead. */
const silenceMs = 30_000

class Reading {
  readonly signal: AbortSignal
  readonly #entryUrl: string
  readonly #options: ReadFeedOptions
  readonly #fetch: Fetch
  #after: ReadFeedOptions['after']
  #feedUrl: string | undefined
  #found = false

  constructor(entryUrl: string, options: ReadFeedOptions) {
    this.#entryUrl = entryUrl
    this.#options = options
    this.#after = options.after
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
    this.signal = options.signal ?? new AbortController().signal
  }

  /** One request; its pages. A page handed on is where the next request begins. */
  async *ask(parameters: Readonly<Record<string, string>> = {}): AsyncGenerator<FeedPage> {
    const silence = new Silence(((this.#options.waitSeconds ?? 30) + 1) * 1_000 + silenceMs)
    const signal = AbortSignal.any([this.signal, silence.signal])
    try {
      this.#feedUrl ??= await silence.during(this.#discover(signal))
      this.#found = true
      const response = await silence.during(this.#fetch(this.#url(this.#feedUrl, parameters), this.#request(signal)))
      if (response.status !== 200) throw await failureOf(response)
      for await (const page of pagesOf(response, silence)) {
        this.#join(page)
        yield page
      }
    } catch (error) {
      throw this.#meaning(error)
    } finally {
      silence.end()
    }
  }

  #discover(signal: AbortSignal): Promise<string> {
    const { service, view = 'published' } = this.#options
    const named = service === undefined ? {} : { service }
    return discover(this.#entryUrl, { ...named, view, fetch: this.#fetch, signal })
  }

  #url(feedUrl: string, parameters: Readonly<Record<string, string>>): string {
    const url = new URL(feedUrl)
    url.searchParams.set('after', afterText(this.#after))
    url.searchParams.set('wait', String(this.#options.waitSeconds ?? 30))
    for (const type of this.#options.types ?? []) url.searchParams.append('type', type)
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url.href
  }

  #request(signal: AbortSignal): RequestInit {
    const encoding = this.#options.compress === true ? 'gzip' : 'identity'
    const accept = 'application/x-ndjson, application/hal+json;q=0.5, application/json;q=0.4'
    return { signal, headers: { accept, 'accept-encoding': encoding } }
  }

  /** Ranges must join: a gap is never progress. */
  #join({ from, cursor }: FeedPage): void {
    if (typeof this.#after === 'object' || this.#after === 'start') {
      const expected = this.#after === 'start' ? 1 : this.#after.position + 1
      if (from !== expected) {
        throw new FeedFailure(
          'HW_FEED_GAP',
          `Expected a range from ${expected}, got one from ${from}: the feed passed events over, or gives them twice. Its server does not keep to spec/feed.md.`,
          { permanent: true },
        )
      }
    }
    this.#after = cursor
  }

  /** What a failure means here; a service that may have moved is looked for again. */
  #meaning(error: unknown): unknown {
    if (!(error instanceof FeedFailure)) {
      this.#feedUrl = undefined
      return error
    }
    if (error.status === 409 && typeof this.#after === 'object')
      return forkOf(error, this.#after, this.#options.service) ?? error
    // Where it was found once it will come back; a wrong name never comes.
    if (error.code === 'HW_FEED_NOT_FOUND' && !this.#found)
      return new FeedFailure(error.code, error.message, { permanent: true })
    if (!error.permanent && error.status !== 429) this.#feedUrl = undefined
    return error
  }
}

function afterText(after: ReadFeedOptions['after']): string {
  if (typeof after === 'string') return after
  if (after.position === 0) return '0'
  return after.id === '' ? String(after.position) : `${after.position}.${after.id}`
}

async function* pagesOf(response: Response, silence: Silence): AsyncGenerator<FeedPage> {
  const type = (response.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  const chunks = silence.watched(response.body)
  if (type === 'application/x-ndjson') yield* pagesOfLines(chunks)
  else if (type === 'application/hal+json' || type === 'application/json') yield await pageOfJson(chunks)
  else {
    await response.body?.cancel()
    throw new FeedFailure('HW_FEED_UNREADABLE', `Expected lines or a JSON page, got content of the type "${type}".`)
  }
}

/** The fork, for a reader of a lineage that the server knows. */
function forkOf({ problem }: FeedFailure, { log }: Cursor, service = 'the service'): LogForked | undefined {
  const lineage = Array.isArray(problem.lineage) ? (problem.lineage as { log?: string; cursor?: string }[]) : []
  const present = lineage[0]?.log
  const [, position, id = ''] = /^(\d+)(?:\.(.+))?$/.exec(lineage.find((life) => life.log === log)?.cursor ?? '') ?? []
  if (present === undefined || position === undefined) return undefined
  return new LogForked(service, { log: present, position: Number(position), id })
}

/** A failure that waiting may mend; throws all others. */
function transient(error: unknown): FeedFailure {
  if (error instanceof LogForked || (error instanceof FeedFailure && error.permanent)) throw error
  if (error instanceof FeedFailure) return error
  const what =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error)
  return new FeedFailure('HW_FEED_UNREACHABLE', `The feed cannot be reached: ${what}. Trying again.`, { cause: error })
}

/** Aborts a request when nothing is heard for too long while something is waited for. */
class Silence {
  readonly #controller = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.#ms = ms
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  async during<T>(work: Promise<T>): Promise<T> {
    const reason = new Error(`nothing was heard for ${this.#ms / 1_000} s`)
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.#ms)
    try {
      return await work
    } finally {
      clearTimeout(this.#timer)
    }
  }

  /** The time that the taker of a chunk needs does not count. */
  async *watched(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
    const reader = body?.getReader()
    try {
      for (;;) {
        const read = reader === undefined ? undefined : await this.during(reader.read())
        if (read?.value === undefined) return
        yield read.value
      }
    } finally {
      await reader?.cancel().catch(() => undefined)
    }
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
