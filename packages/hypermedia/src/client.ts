import { parseTemplate } from 'url-template'
import type { ActOptions, Entry, Landscape } from './graph.ts'

export type { ActOptions, Entry, Facts, Found, FoundHome, Home, Landscape, Place, Walk } from './graph.ts'

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

interface Raw {
  readonly url: string
  readonly etag: string | undefined
  readonly body: any
}

/** How a place is found: from the one before it. Whole trails are walked again when a service has moved. */
interface Trail {
  readonly from?: Trail
  find(before: Raw): string
  /** What was found the last time. */
  url?: string | undefined
  /** Entry and homes are kept: they change when a service moves. */
  kept?: Promise<Raw> | undefined
  readonly keep?: true
}

/** What a service refused, as RFC 9457 says it; or why none could be asked (status 0). */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly problem: any
  constructor(status: number, problem: any, cause?: unknown) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`, { cause })
    this.status = status
    this.code = problem.code ?? 'HW_HTTP'
    this.problem = problem
  }
}

/** What tells links of a list apart wherever their service lives. */
const tail = (link: any): string => link.href.split('/').pop()

const fail = (code: string, detail: string): never => {
  throw new Refusal(0, { code, detail })
}

const unreachable = (url: string, cause: unknown): Refusal =>
  new Refusal(0, { code: 'HW_UNREACHABLE', detail: `No whole answer from ${url}` }, cause)

/**
 * Starts at the one URL from which all services are found. Nothing is fetched before a place is awaited.
 * Throws `Refusal`: the service's problem with its status, or status 0 with `HW_NO_SUCH_LINK`, `HW_NOT_OFFERED`, `HW_UNREACHABLE`.
 */
export function enter<L extends Landscape>(entryUrl: string, options: EnterOptions = {}): Entry<L> {
  const { token, timeoutMs = 10_000, retries = 2 } = options
  const ask = options.fetch ?? ((url, init) => fetch(url, init))
  const wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
  const origins = new Set([new URL(entryUrl).origin])

  async function send(url: string, method: string, headers: Record<string, string>, body?: string): Promise<Response> {
    const bearer = origins.has(new URL(url).origin) && (typeof token === 'function' ? await token() : token)
    if (bearer) headers['authorization'] = `Bearer ${bearer}`
    headers['accept'] = 'application/prs.hal-forms+json,application/hal+json;q=.9'
    for (let left = retries; ; left--) {
      let pause = (0.5 + Math.random()) * 100 * 2 ** (retries - left)
      try {
        const answer = await ask(url, { method, headers, body: body ?? null, signal: AbortSignal.timeout(timeoutMs) })
        if (!left || ![429, 502, 503, 504].includes(answer.status)) return answer
        pause = Math.max(pause, Math.min(Number(answer.headers.get('retry-after')) || 0, 30) * 1000)
        await answer.body?.cancel()
      } catch (cause) {
        if (!left) throw unreachable(url, cause)
      }
      await wait(pause)
    }
  }

  async function read(url: string, answer: Response): Promise<Raw> {
    const body = await answer.json().catch((cause: unknown) => {
      if (answer.ok) throw unreachable(url, cause)
      return {}
    })
    if (!answer.ok) throw new Refusal(answer.status, body)
    for (const { href } of [body._links?.service ?? []].flat()) origins.add(new URL(href, url).origin)
    return { url, etag: answer.headers.get('etag') ?? undefined, body }
  }

  const get = async (url: string): Promise<Raw> => {
    const answer = await send(url, 'GET', {})
    return read(answer.url || url, answer)
  }

  async function load(trail: Trail, fresh: boolean): Promise<Raw> {
    if (!fresh && trail.kept) return trail.kept
    const before = trail.url
    const url = (!fresh && before) || (trail.url = trail.from ? trail.find(await load(trail.from, fresh)) : entryUrl)
    const raw = get(url)
    if (trail.keep) {
      trail.kept = raw
      raw.catch(() => (trail.kept = undefined))
    }
    return raw
  }

  /** Does something at a place; once more from the entry URL when the way there has changed. */
  async function at<T>(trail: Trail, todo: (raw: Raw) => Promise<T>, known?: Raw): Promise<T> {
    const isWarm = (one?: Trail): boolean => !!one && (!!one.url || isWarm(one.from))
    const warm = isWarm(trail)
    try {
      return await todo(known ?? (await load(trail, false)))
    } catch (error) {
      const tried = known?.url ?? trail.url
      if (!(error instanceof Refusal) || !moved(error) || !warm) throw error
      const raw = await load(trail, true).catch(() => undefined)
      if (raw === undefined || (raw.url === tried && error.status)) throw error
      return todo(raw)
    }
  }
  const moved = ({ status, code }: Refusal) => status === 404 || status === 410 || code === 'HW_UNREACHABLE'

  async function act(
    trail: Trail,
    action: string,
    input: unknown,
    options: ActOptions = {},
    known?: Raw,
  ): Promise<unknown> {
    const key = options.idempotencyKey ?? crypto.randomUUID()
    return at(
      trail,
      async (raw) => {
        const form =
          raw.body._templates?.[action] ?? fail('HW_NOT_OFFERED', `${action} is not possible now at ${raw.url}`)
        const headers: Record<string, string> = { 'content-type': 'application/json', 'idempotency-key': key }
        if (raw.etag && (form.ifMatch || options.ifMatch)) headers['if-match'] = raw.etag
        const url = new URL(form.target ?? '', raw.url).href
        const answer = await send(url, form.method, headers, JSON.stringify(input ?? {}))
        const done = await read(url, answer)
        const self = new URL(done.body._links?.self.href ?? '', url).href
        const home = homeOf(raw)
        // What was created lies below home, also where home has moved to.
        const find = (again: Raw) => (self.startsWith(home) ? homeOf(again) + self.slice(home.length) : self)
        return found(self === raw.url ? trail : { from: trail, find, url: self }, { ...done, url: self })
      },
      known,
    )
  }

  const hrefOf = (raw: Raw, link: any, variables: object): string =>
    new URL(link.templated ? parseTemplate(link.href).expand(variables as any) : link.href, raw.url).href

  const linkOf = (raw: Raw, relation: string): any =>
    raw.body._links?.[relation] ?? fail('HW_NO_SUCH_LINK', `No link ${relation} at ${raw.url}`)

  const homeOf = (raw: Raw) => hrefOf(raw, linkOf(raw, 'home'), {})

  /** A place that was not looked at yet. */
  const walk = (trail: Trail): any => ({
    then: (...each: [any, any]) => at(trail, async (raw) => found(trail, raw)).then(...each),
    follow: (relation: string, variables = {}) =>
      walk({ from: trail, find: (raw) => hrefOf(raw, linkOf(raw, relation), variables) }),
    act: (action: string, input: unknown, options?: ActOptions) => act(trail, action, input, options),
  })

  function found(trail: Trail, raw: Raw): any {
    const { _links, _embedded = {}, _templates = {}, ...state } = raw.body
    const one = (relation: string, link: any, variables: object) =>
      walk({
        from: trail,
        url: hrefOf(raw, link, variables),
        find(again) {
          const now = linkOf(again, relation)
          // In a list that changed meanwhile the same one is meant, not the same place.
          const same = now.map ? now.find((each: any) => tail(each) === tail(link)) : now
          return hrefOf(again, same ?? linkOf(again, `${relation}: ${tail(link)}`), variables)
        },
      })
    return {
      state,
      url: raw.url,
      version: raw.etag && Number(raw.etag.slice(1, -1)),
      embedded: _embedded,
      offers: (action: string) => action in _templates,
      follow(relation: string, variables = {}) {
        const link = _links?.[relation]
        if (Array.isArray(link)) return link.map((each) => one(relation, each, variables))
        return link && one(relation, link, variables)
      },
      act: (action: string, input: unknown, options?: ActOptions) => act(trail, action, input, options, raw),
      home: () => one('home', linkOf(raw, 'home'), {}),
      refresh: () => at(trail, async (now) => found(trail, now)),
    }
  }

  const entry: Trail = { keep: true, find: () => entryUrl }
  const homes: Record<string, Trail> = {}
  return {
    service: (name: string) =>
      walk(
        (homes[name] ??= {
          from: entry,
          keep: true,
          find(raw) {
            const listed = raw.body._links?.service
            // A service alone is its own entry.
            if (!listed) return raw.url
            const link = [listed].flat().find((one: any) => one.name === name)
            return hrefOf(raw, link ?? fail('HW_NO_SUCH_LINK', `No service ${name} at ${raw.url}`), {})
          },
        }),
      ),
  } as never
}
