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
  return async (input, init) => {
    const request = new Request(input, init)
    const target = new URL(request.url).origin
    if (!request.headers.has('authorization') && (target === origin || trusted.has(target))) {
      if (now() >= renewAt) {
        token = await issuer.sign(claims, holds)
        renewAt = now() + renewMs
      }
      request.headers.set('authorization', `Bearer ${token}`)
    }
    if (target !== origin) return await fetch(request)
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    signal?.throwIfAborted()
    if (signal === undefined) return await inside(request)
    const answer = await unlessAborted(inside(request), request, signal)
    if (answer.body !== null) beingRead.set(answer.body, request)
    return answer
  }
}

/** Requests live as long as the bodies of their answers, so that giving up is heard while one is still being streamed. */
const beingRead = new WeakMap<ReadableStream, Request>()

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
