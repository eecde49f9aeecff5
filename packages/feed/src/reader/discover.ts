import type { ViewName } from '../view.ts'
import { FeedFailure, failureOf } from './failure.ts'

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>

export interface Sought {
  /** Name of the service; needed where the entry URL is the landscape's. */
  readonly service?: string
  readonly view: ViewName
  readonly fetch: Fetch
  readonly signal: AbortSignal
}

type Document = Readonly<Record<string, unknown>> & { readonly _links?: Readonly<Record<string, unknown>> }

/** The feed's URL, found by what the documents are: landscape's entry, service's home, or the feed itself. */
export async function discover(entryUrl: string, sought: Sought): Promise<string> {
  const relation = sought.view === 'log' ? 'log' : 'events'
  let url = entryUrl
  // Entry and home; one more for an entry that points to another.
  for (let hops = 0; hops < 3; hops++) {
    const { document, at } = await get(url, sought)
    if (typeof document.log === 'string' && typeof document.from === 'number') return withoutQuery(at)
    const link = first(document._links?.[relation])
    if (link !== undefined) return new URL(link.href, at).href
    url = homeOf(document, at, relation, sought)
  }
  throw nothingAt(entryUrl, 'documents that lead to no feed', sought)
}

function homeOf({ _links: links = {} }: Document, at: string, relation: string, sought: Sought): string {
  const services = [links.service ?? []].flat() as { name?: string; href: string }[]
  if (services.length === 0) throw nothingAt(at, `no link "${relation}" and no link "service"`, sought)
  const only = services.length === 1 && sought.service === undefined ? services[0] : undefined
  const found = only ?? services.find(({ name }) => name === sought.service)
  if (found === undefined) throw nothingAt(at, `the services ${services.map(({ name }) => name).join(', ')}`, sought)
  return new URL(found.href, at).href
}

function first(link: unknown): { href: string } | undefined {
  const found = [link ?? []].flat()[0] as { href?: unknown } | undefined
  return typeof found?.href === 'string' ? { href: found.href } : undefined
}

async function get(url: string, { fetch, signal }: Sought): Promise<{ document: Document; at: string }> {
  const target = new URL(url)
  // Harmless where it means nothing, and a feed then answers without reading a single event.
  target.searchParams.set('limit', '0')
  const within = AbortSignal.any([signal, AbortSignal.timeout(15_000)])
  const headers = { accept: 'application/hal+json, application/json;q=0.9' }
  const response = await fetch(target.href, { headers, signal: within })
  if (response.status !== 200) throw await failureOf(response)
  const at = response.url === '' ? target.href : response.url
  try {
    return { document: (await response.json()) as Document, at }
  } catch (cause) {
    throw new FeedFailure('HW_FEED_UNREADABLE', `Expected a JSON document at ${url}, got something else.`, { cause })
  }
}

/** A feed's address without our `limit`; parameters that are part of an address are kept. */
function withoutQuery(url: string): string {
  const feed = new URL(url)
  feed.searchParams.delete('limit')
  return feed.href
}

function nothingAt(url: string, found: string, { service, view }: Sought): FeedFailure {
  const whose = service === undefined ? 'a feed' : `the feed of ${service}`
  return new FeedFailure(
    'HW_FEED_NOT_FOUND',
    `Expected ${url} to lead to ${whose} (${view} view), found ${found}. Give the entry URL, and the service's name as it is there.`,
  )
}
