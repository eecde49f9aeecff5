/** A request that did not succeed: what the service said to it (RFC 9457), or why none could be asked (status 0). */
export class RequestFailed extends Error {
  readonly status: number
  readonly code: string
  /** The problem document. */
  readonly problem: any

  constructor(status: number, problem: any, cause?: unknown) {
    const wrongs = (problem.errors ?? []).map(({ pointer, detail }: any) => `\n${pointer || '/'}: ${detail}`)
    super(`${problem.detail ?? problem.title ?? `HTTP ${status}`}${wrongs.join('')}`, { cause })
    this.status = status
    this.code = problem.code ?? 'HW_HTTP'
    this.problem = problem
  }
}

export interface EnterOptions {
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Bearer token, or where to get it. Sent to the entry's origin and those of the services it lists, nowhere else. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>)
  /** Of one try; default 10,000. */
  readonly timeoutMs?: number
  /** Further tries where a repeat is safe; default 2. */
  readonly retries?: number
  readonly wait?: (ms: number) => Promise<unknown>
}

export interface HalLink {
  readonly href: string
  readonly templated?: boolean
  readonly name?: string
  readonly title?: string
}

/** A document as it came. */
export interface Raw {
  readonly url: string
  readonly etag: string | null
  readonly body: {
    readonly _links?: { readonly [relation: string]: HalLink | readonly HalLink[] | undefined }
    readonly _embedded?: any
    readonly _templates?: { readonly [action: string]: { method: string; target?: string; ifMatch?: true } | undefined }
  }
}

/** A form as it was filled in and sent the first time. */
export interface Filled {
  readonly url: string
  /** Of the service, then. */
  readonly home: string
  readonly method: string
  readonly version: string | null
}

export interface Send {
  /** Asks for a document; throws `RequestFailed` for anything else. */
  (url: string, method?: string, headers?: Record<string, string>, body?: string): Promise<Raw>
  /** What was sent under a caller's own key and had no answer yet. */
  readonly unanswered: Map<string, Filled>
}

const unreachable = (url: string, cause: unknown): RequestFailed =>
  new RequestFailed(0, { code: 'HW_UNREACHABLE', detail: `No whole answer from ${url}` }, cause)

/** Times out, repeats with growing and random pauses, and knows whom a token may be shown. */
export function sender(entryUrl: string, options: EnterOptions): Send {
  const { token, timeoutMs = 10_000, retries = 2 } = options
  const ask = options.fetch ?? ((url, init) => fetch(url, init))
  const wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  const origins = new Set([new URL(entryUrl).origin])

  async function tried(url: string, init: RequestInit, left: number): Promise<Response> {
    // 50 to 150 ms, then 100 to 300, so that many who failed together do not come back together.
    let pause = (0.5 + Math.random()) * 100 * 2 ** (retries - left)
    try {
      const answer = await ask(url, { ...init, signal: AbortSignal.timeout(timeoutMs) })
      if (!left || ![429, 502, 503, 504].includes(answer.status)) return answer
      pause = Math.max(pause, Math.min(Number(answer.headers.get('retry-after')) || 0, 30) * 1000)
      await answer.body?.cancel()
    } catch (cause) {
      if (!left) throw unreachable(url, cause)
    }
    await wait(pause)
    return tried(url, init, left - 1)
  }

  const send = async (url: string, method = 'GET', headers: Record<string, string> = {}, body?: string) => {
    const bearer = origins.has(new URL(url).origin) && (typeof token === 'function' ? await token() : token)
    if (bearer) headers['authorization'] = `Bearer ${bearer}`
    headers['accept'] = 'application/prs.hal-forms+json,application/hal+json;q=.9'
    const answer = await tried(url, { method, headers, body: body ?? null }, retries)
    const document = await answer.json().catch((cause: unknown) => {
      if (answer.ok) throw unreachable(url, cause)
      return {}
    })
    if (!answer.ok) throw new RequestFailed(answer.status, document)
    // What any other document calls a service is what somebody wrote, and no reason to show him the token.
    if (url === entryUrl)
      for (const { href } of [document._links?.service ?? []].flat()) origins.add(new URL(href, url).origin)
    return { url: answer.url || url, etag: answer.headers.get('etag'), body: document }
  }
  return Object.assign(send, { unanswered: new Map() })
}
