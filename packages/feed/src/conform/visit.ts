import { discover, type Fetch } from '../reader/discover.ts'
import { type FeedPage, pageOfJson, pagesOfLines } from '../reader/page-parts.ts'
import type { ViewName } from '../view.ts'

/** A feed that is being looked at, and what it showed of itself. */
export class Visit {
  readonly feedUrl: string
  readonly #fetch: Fetch
  /** First page, as parsed JSON. */
  readonly first: Readonly<Record<string, any>>
  /** Position of its last event. */
  readonly last: number

  constructor(feedUrl: string, fetch: Fetch, first: Record<string, any>, last: number) {
    this.feedUrl = feedUrl
    this.#fetch = fetch
    this.first = first
    this.last = last
  }

  get(query: string, { path = '', accept = 'application/hal+json', method = 'GET', headers = {} }: Ask = {}) {
    const url = new URL(this.feedUrl)
    url.pathname += path
    for (const [name, value] of new URLSearchParams(query)) url.searchParams.append(name, value)
    return this.open(url.href, { accept, method, headers })
  }

  /** Follows a link as it stands. */
  open(href: string, { accept = 'application/hal+json', method = 'GET', headers = {} }: Ask = {}): Promise<Response> {
    const signal = AbortSignal.timeout(30_000)
    const all = { accept, 'accept-encoding': 'identity', ...headers }
    return this.#fetch(new URL(href, this.feedUrl).href, { method, headers: all, redirect: 'manual', signal })
  }

  async page(query: string): Promise<FeedPage> {
    return pageOfJson((await expectOk(await this.get(query), 'application/hal+json')).body!)
  }

  async lines(query: string): Promise<FeedPage[]> {
    const response = await expectOk(await this.get(query, { accept: 'application/x-ndjson' }), 'application/x-ndjson')
    const pages: FeedPage[] = []
    for await (const page of pagesOfLines(response.body!)) pages.push(page)
    return pages
  }
}

export interface Ask {
  readonly path?: string
  readonly accept?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What a feed does otherwise than the spec says. */
export class Deviation extends Error {}

export async function expectOk(response: Response, type: string): Promise<Response> {
  const got = (response.headers.get('content-type') ?? '').split(';')[0]
  if (response.status !== 200 || got !== type) {
    throw new Deviation(`expected 200 with ${type}, got ${response.status} with ${got}`)
  }
  return response
}

export function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) {
    throw new Deviation(`expected ${what} to be ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`)
  }
}

/** Finds the feed from its entry URL and looks at its first page and its end. */
export async function visit(
  entryUrl: string,
  sought: { service?: string; view: ViewName; fetch: Fetch },
): Promise<Visit> {
  const feedUrl = await discover(entryUrl, { ...sought, signal: AbortSignal.timeout(60_000) })
  const unseen = new Visit(feedUrl, sought.fetch, {}, 0)
  const first = (await (await expectOk(await unseen.get('limit=20'), 'application/hal+json')).json()) as Record<
    string,
    any
  >
  const { to } = await unseen.page('after=end&limit=0')
  return new Visit(feedUrl, sought.fetch, first, to)
}
