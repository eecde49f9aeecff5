import { parseTemplate } from 'url-template'
import type { ActOptions, Entry, Landscape } from './graph.ts'
import { type EnterOptions, type Filled, type HalLink, type Raw, RequestFailed, type Send, sender } from './sending.ts'
import { at, type Trail } from './trail.ts'

export type { ActOptions, Entry, Facts, Found, FoundHome, Home, Landscape, Place, Walk } from './graph.ts'
export { type EnterOptions, RequestFailed } from './sending.ts'

/**
 * Starts at the one URL from which all services are found. Nothing is fetched before a place is awaited.
 * Throws `RequestFailed`: the service's problem with its status, or status 0 with `HW_NO_SUCH_LINK`, `HW_NOT_OFFERED`, `HW_UNREACHABLE`.
 */
export function enter<L extends Landscape>(entryUrl: string, options: EnterOptions = {}): Entry<L> {
  const send = sender(entryUrl, options)
  const entry: Trail = { keep: true, find: () => entryUrl }
  const homes: Record<string, Trail> = {}
  const service = (name: string) =>
    walk(send, (homes[name] ??= { from: entry, keep: true, find: (raw) => serviceUrl(raw, name) }))
  return {
    service,
    follow: walk(send, entry).follow,
    services: async () => {
      const raw = await walked(send, entry)
      return [raw.body._links?.['service'] ?? []]
        .flat()
        .map(({ name, title, href }) => ({ name, title, url: new URL(href, raw.url).href }))
    },
  } as never
}

function serviceUrl(entry: Raw, name: string): string {
  const listed = entry.body._links?.['service']
  // A service alone is its own entry.
  if (!listed) return entry.url
  return hrefOf(entry, [listed].flat().find((one) => one.name === name) ?? fail(entry, `service ${name}`))
}

const walked = (send: Send, trail: Trail): Promise<Raw> => at(send, { ...trail, kept: undefined }, async (raw) => raw)

const fail = (raw: Raw, what: string): never => {
  throw new RequestFailed(0, { code: 'HW_NO_SUCH_LINK', detail: `No link ${what} at ${raw.url}` })
}

const hrefOf = (raw: Raw, { href, templated }: HalLink, variables: object = {}): string =>
  new URL(templated ? parseTemplate(href).expand(variables as Record<string, string>) : href, raw.url).href

/** What tells links of a list apart wherever their service lives. */
const tail = ({ href }: HalLink): string | undefined => href.split('/').pop()

/** The link of a relation; in a list, which may have changed, the one that is like another. */
function linkOf(raw: Raw, relation: string, like?: HalLink): HalLink {
  const links = raw.body._links?.[relation]
  const one = Array.isArray(links) ? links.find((each) => like && tail(each) === tail(like)) : links
  return one ?? fail(raw, relation)
}

const homeOf = (raw: Raw): string => hrefOf(raw, linkOf(raw, 'home'))

/** A place that was not looked at yet. */
function walk(send: Send, trail: Trail): any {
  return {
    then: (...each: [any, any]) => at(send, trail, async (raw) => found(send, trail, raw)).then(...each),
    follow: (relation: string, variables?: object) =>
      walk(send, { from: trail, find: (raw) => hrefOf(raw, linkOf(raw, relation), variables) }),
    act: (action: string, input: unknown, options?: ActOptions) => act(send, trail, action, input, options),
  }
}

/** A place as it was when read. */
function found(send: Send, trail: Trail, raw: Raw): any {
  const { _links, _embedded = {}, _templates = {}, ...state } = raw.body
  const on = (relation: string, link: HalLink, variables?: object) =>
    walk(send, {
      from: trail,
      url: hrefOf(raw, link, variables),
      find: (again) => hrefOf(again, linkOf(again, relation, link), variables),
    })
  return {
    state,
    url: raw.url,
    version: raw.etag ? Number(raw.etag.slice(1, -1)) : undefined,
    embedded: _embedded,
    offers: (action: string) => action in _templates,
    href: (relation: string, variables?: object) => {
      const link = [_links?.[relation] ?? []].flat()[0]
      return link && hrefOf(raw, link, variables)
    },
    follow(relation: string, variables?: object) {
      const links = _links?.[relation]
      if (Array.isArray(links)) return links.map((link) => on(relation, link, variables))
      return links && on(relation, links as HalLink, variables)
    },
    act: (action: string, input: unknown, options?: ActOptions) => act(send, trail, action, input, options, raw),
    home: () => on('home', linkOf(raw, 'home')),
    refresh: () => at(send, trail, async (now) => found(send, trail, now)),
  }
}

const moved = (url: string, from: string, to: string): string =>
  url.startsWith(from) ? to + url.slice(from.length) : url

/** Fills in a form under one key, however often it has to be sent and wherever the service has gone meanwhile. */
function act(
  send: Send,
  trail: Trail,
  action: string,
  input: unknown,
  { idempotencyKey, ifMatch }: ActOptions = {},
  known?: Raw,
): Promise<unknown> {
  const key = idempotencyKey ?? crypto.randomUUID()
  let filled: Filled | undefined
  let id: string
  const fillIn = async (raw: Raw) => {
    const home = homeOf(raw)
    const form = raw.body._templates?.[action]
    id ??= [key, action, raw.url].join()
    // What had no answer may be done: then the form is gone, or the version is the one it made. The same is sent, not what would be now.
    filled ??=
      send.unanswered.get(id) ??
      (form && {
        url: new URL(form.target ?? '', raw.url).href,
        home,
        method: form.method,
        version: form.ifMatch || ifMatch ? raw.etag : null,
      })
    if (!filled)
      throw new RequestFailed(0, { code: 'HW_NOT_OFFERED', detail: `${action} is not possible now at ${raw.url}` })
    if (idempotencyKey) send.unanswered.set(id, filled)
    const headers: Record<string, string> = { 'content-type': 'application/json', 'idempotency-key': key }
    if (filled.version) headers['if-match'] = filled.version
    const url = moved(filled.url, filled.home, home)
    const done = await send(url, filled.method, headers, JSON.stringify(input ?? {})).catch((error: RequestFailed) => {
      if (error.status > 399 && error.status < 500) send.unanswered.delete(id)
      throw error
    })
    send.unanswered.delete(id)
    const self = hrefOf(done, linkOf(done, done.body._links?.['self'] ? 'self' : 'home'))
    // What was created lies below home, also where home has moved to.
    const find = (again: Raw) => moved(self, home, homeOf(again))
    return found(send, self === raw.url ? trail : { from: trail, find, url: self }, { ...done, url: self })
  }
  return at(send, trail, fillIn, known)
}
