import type { Contract } from '@headwater/contract'
import type { Caller } from '@headwater/hypermedia'
import { alignedPages } from './aligned-pages.ts'
import { KnownLog } from './known-log.ts'
import { Links } from './links.ts'
import type { Log } from './log.ts'
import { oneEvent } from './one-event.ts'
import { OpenWaits, type Waits } from './open-waits.ts'
import { problemOf, Refusal, refusal } from './problem.ts'
import { limiter, type Rate } from './rate.ts'
import type { DeprecatedSince } from './retiring.ts'
import { search } from './searching.ts'
import { type Asked, clientOf, type Serving } from './serving.ts'
import { type ViewName, viewsOf } from './view.ts'

export interface FeedOptions {
  readonly log: Log
  /** What the service promises about its events: types that are not in it are never published. */
  readonly contract: Contract
  /** Default `published`. */
  readonly view?: ViewName
  /** Path at which the feed is mounted; default `/events`, or `/log` for the log view. */
  readonly basePath?: string
  /** Path of the service's home; default `/`. */
  readonly homePath?: string
  /** Lets everybody read. Without it, callers need `events:read`, or `explore` for the log view. */
  readonly open?: boolean
  /** Per client (those without a name share one); default 200 a second, 2,000 at once. */
  readonly rate?: Rate
  /** Long polls and streams that may be open at once; default 2,000 of one client, 10,000 in all. */
  readonly waits?: Waits
  /** Since when deprecated types are, for the header `Deprecation` (RFC 9745). */
  readonly deprecatedSince?: DeprecatedSince
  /** Bytes of rendered aligned pages kept in memory; default 32 MiB. */
  readonly cacheBytes?: number
  readonly now?: () => Date
  /** Told of every failure that is answered with 5xx. */
  readonly onError?: (error: unknown) => void
}

/** Answers requests for the feed and everything under its path. */
export type FeedHandler = (request: Request, context?: { readonly caller?: Caller | undefined }) => Promise<Response>

/** Serves a log as a feed, in the format of spec/feed.md. Mount it at `basePath` and link it from the service's home. */
export function feed(options: FeedOptions): FeedHandler {
  const { log, contract, view = 'published', open = false, now = () => new Date(), onError = () => undefined } = options
  const links = new Links(options.basePath ?? (view === 'log' ? '/log' : '/events'), options.homePath ?? '/')
  const known = new KnownLog(log, () => performance.now())
  const viewFor = viewsOf({ view, contract, now, deprecatedSince: options.deprecatedSince })
  const waits = new OpenWaits(options.waits ?? { perClient: 2_000, inAll: 10_000 })
  const serving: Serving = { known, service: log.service, view, links, viewFor, now, open, waits }
  const pages = alignedPages(serving, options.cacheBytes ?? 32 << 20)
  const waitFor = limiter(options.rate ?? { perSecond: 200, burst: 2_000 }, () => performance.now())

  const answer = async (request: Request, caller: Caller | undefined): Promise<Response> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw notAllowed(request.method)
    if (!open) authorize(caller, view)
    limit(waitFor(clientOf(caller)))
    await known.check()
    const url = new URL(request.url)
    const asked: Asked = {
      url,
      headers: request.headers,
      caller,
      // Making one costs more than a page from memory: only those who wait ask for it.
      get signal() {
        return request.signal
      },
    }
    return route(serving, asked, pages)
  }
  return async (request, { caller } = {}) => {
    try {
      const response = await answer(request, caller)
      return request.method === 'HEAD' ? await withoutBody(response) : response
    } catch (error) {
      if (request.signal.aborted) return problemOf(unavailable()) // nobody is there to read it
      if (error instanceof Refusal && error.code !== 'HW_EVENT_UNREADABLE') return problemOf(error)
      known.doubt()
      onError(error)
      return problemOf(error instanceof Refusal ? error : unavailable())
    }
  }
}

async function route(serving: Serving, asked: Asked, pages: ReturnType<typeof alignedPages>): Promise<Response> {
  const { feed: path } = serving.links
  const { pathname } = asked.url
  if (pathname === path || pathname === `${path}/`) return search(serving, asked)
  if (pathname.startsWith(`${path}/`)) {
    const [first = '', second, ...more] = pathname.slice(path.length + 1).split('/')
    if (second === undefined && /^[1-9]\d{0,15}$/.test(first)) return oneEvent(serving, asked, Number(first))
    if (second !== undefined && more.length === 0) return pages(asked, first, second)
  }
  throw refusal(
    'HW_NO_SUCH_PAGE',
    `Expected ${path} or a link of its documents, got ${pathname}. Follow links from ${path}.`,
  )
}

function authorize(caller: Caller | undefined, view: ViewName): void {
  const scope = view === 'log' ? 'explore' : 'events:read'
  if (caller === undefined) {
    const headers = { 'www-authenticate': `Bearer scope="${scope}"` }
    throw refusal('HW_UNAUTHENTICATED', `Send a bearer token with the scope ${scope}.`, { scope }, headers)
  }
  if (!caller.scopes.includes(scope)) {
    throw refusal('HW_FORBIDDEN', `Expected a token with the scope ${scope}, got ${caller.scopes.join(' ')}.`, {
      scope,
    })
  }
}

function limit(waitSeconds: number): void {
  if (waitSeconds === 0) return
  const headers = { 'retry-after': String(waitSeconds) }
  throw refusal('HW_RATE_LIMITED', `Wait ${waitSeconds} s. Use \`wait\` or lines instead of asking often.`, {}, headers)
}

function notAllowed(method: string): Refusal {
  return refusal('HW_METHOD_NOT_ALLOWED', `Expected GET or HEAD, got ${method}.`, {}, { allow: 'GET, HEAD' })
}

function unavailable(): Refusal {
  return refusal('HW_LOG_UNAVAILABLE', 'The log cannot be read now. Ask again.', {}, { 'retry-after': '1' })
}

async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel()
  return new Response(null, response)
}
