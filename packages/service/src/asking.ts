import type { Claims, Issuer } from './issuer.ts'

export interface Asking {
  readonly origin: string
  /** Origins of services elsewhere: nobody else ever gets the token. */
  readonly trusted: ReadonlySet<string>
  /** Answers a request for this process's own origin. */
  readonly inside: (request: Request) => Promise<Response>
  readonly issuer: Issuer
  /** Milliseconds since 1970, real time. */
  readonly now: () => number
}

/** Seconds a token holds, and the milliseconds after which a new one is signed. */
const holds = 3_600
const renewMs = 3_000_000

/** A `fetch` with a token of one's own, which skips the socket where the answer is made in this process; all else is the same. */
export function askingAs({ origin, trusted, inside, issuer, now }: Asking, claims: Claims): typeof fetch {
  let token = ''
  let renewAt = 0
  const ask = async (input: RequestInfo | URL, init: RequestInit | undefined, hops: number): Promise<Response> => {
    const request = new Request(input, init)
    const target = new URL(request.url).origin
    const own = !request.headers.has('authorization')
    if (own && (target === origin || trusted.has(target))) {
      if (now() >= renewAt) {
        token = await issuer.sign(claims, holds)
        renewAt = now() + renewMs
      }
      request.headers.set('authorization', `Bearer ${token}`)
    }
    if (target !== origin) return await fetch(request)
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    const answer =
      signal === undefined
        ? await inside(request)
        : untilAborted(await unlessAborted(inside(request), request, signal), request, signal)
    const location =
      request.redirect === 'manual' || !redirects.has(answer.status) ? null : answer.headers.get('location')
    if (location === null) return placed(answer, request.url, hops > 0)
    await answer.body?.cancel()
    if (request.redirect === 'error' || hops === mostHops) throw failed(`a redirect to ${location}`)
    const url = new URL(location, request.url)
    return await ask(
      url,
      {
        ...redirected(answer.status, request, init?.body),
        signal: signal ?? null,
        headers: headersFor(url, request, own),
      },
      hops + 1,
    )
  }
  return (input, init) => ask(input, init, 0)
}

const redirects = new Set([301, 302, 303, 307, 308])
const mostHops = 20

const failed = (what: string): TypeError =>
  new TypeError('fetch failed', { cause: new Error(`Expected an answer, got ${what}.`) })

/** What is asked after a redirect: most make a GET of it, as https://fetch.spec.whatwg.org says. */
function redirected(
  status: number,
  { method, redirect, body: sent }: Request,
  body: BodyInit | null | undefined,
): RequestInit {
  const gets = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST'
  if (gets) return { method: 'GET', redirect }
  if (sent === null) return { method, redirect }
  // What was streamed is gone.
  if (body === undefined || body === null || body instanceof ReadableStream)
    throw failed('a redirect of what was sent as a stream')
  return { method, redirect, body }
}

function headersFor(url: URL, request: Request, own: boolean): Headers {
  const headers = new Headers(request.headers)
  // A token of one's own is put in again where it may be seen; another is for those it was given for.
  if (own || url.origin !== new URL(request.url).origin) headers.delete('authorization')
  return headers
}

/** Says where it comes from, as what comes from a socket does. */
function placed(answer: Response, url: string, wasRedirected: boolean): Response {
  return Object.defineProperties(answer, { url: { value: url }, redirected: { value: wasRedirected } })
}

/** Requests live as long as the bodies of their answers, so that giving up is heard while one is still being streamed. */
const beingRead = new WeakMap<ReadableStream, Request>()

/** As with a socket: who gives up reads no further. */
function untilAborted(answer: Response, request: Request, signal: AbortSignal): Response {
  if (answer.body === null) return answer
  const body = answer.body.pipeThrough(new TransformStream(), { signal })
  beingRead.set(body, request)
  return new Response(body, answer)
}

/**
 * As with a socket: who gives up does not wait for an answer that is still being made. A request's own signal is deaf once the request
 * is garbage, so it is the asker's that is listened to, and that keeps the request for as long.
 */
async function unlessAborted<T>(answer: Promise<T>, request: Request, signal: AbortSignal): Promise<T> {
  let stop = () => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(request.signal.reason ?? signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
