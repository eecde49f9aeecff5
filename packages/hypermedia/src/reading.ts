import { denied } from './acting.ts'
import { documentOf, holds } from './document.ts'
import { etagOf, isKnown, traceparentOf } from './precondition.ts'
import { trouble, type Trouble } from './problem.ts'
import type { Place } from './resource.ts'
import type { Reply } from './reply.ts'
import { deprecationHeaders, documentReply, type Asked, type Server } from './responding.ts'
import type { SiteResource } from './site.ts'
import { variablesOf } from './variables.ts'

/** The document of a resource, 304 when the caller has it, 404 where this caller may know of nothing. */
export async function read(
  server: Server,
  on: SiteResource,
  inPath: Record<string, string>,
  asked: Asked,
): Promise<Reply | Trouble> {
  const { caller, request } = asked
  if (on.readScope !== undefined && !holds(caller, on.readScope)) return denied(server.site, caller, on.readScope)
  const named = variablesOf(on.template, inPath, asked.url)
  if (named.kind === 'trouble') return named
  const { variables } = named
  const asking = caller === undefined ? {} : { caller }
  const traced = traceparentOf(request.headers.get('traceparent'))
  const found = await on.implementation.read(variables, { ...asking, ...traced })
  const place: Place = { variables, ...asking }
  if (found === undefined || on.resource.visible?.(found.state, place) === false) return notFound()
  const etag = found.version === undefined || asked.face === 'text/html' ? undefined : etagOf(found.version)
  const headers = {
    'cache-control': 'private, no-cache',
    ...deprecationHeaders(on.resource.deprecated),
    ...(etag !== undefined && { etag }),
  }
  if (etag !== undefined && isKnown(request.headers.get('if-none-match'), etag)) {
    return { status: 304, headers }
  }
  const render = () => documentOf(server.site, server.linker, on, found.state, place)
  let document = render()
  if (await server.linker.settle()) document = render()
  return documentReply(server, document, on.resource.title ?? on.resource.name, asked, headers, found.version)
}

export const notFound = (): Trouble =>
  trouble(404, {
    code: 'HW_NOT_FOUND',
    detail: 'Expected a URL found by links from home, got one where nothing is for this caller.',
  })

/** Sends on to where a relation leads now: links to services that could not be found, and templates filled in by HTML forms. */
export async function follow(server: Server, relation: string, { url }: Asked): Promise<Reply | Trouble> {
  const { site, linker } = server
  const variables = Object.fromEntries([...url.searchParams].filter(([, value]) => value !== ''))
  const on = site.resources.get(relation)
  if (on !== undefined) {
    const lacking = on.template.inPath.filter((name) => variables[name] === undefined)
    if (lacking.length === 0) return redirect(site.base + on.template.expand(variables))
    return trouble(400, {
      code: 'HW_VARIABLE_MISSING',
      detail: `Expected a value for ${lacking.join(', ')}, got none.`,
    })
  }
  if (!/^[\w-]+:[\w.-]+$/.test(relation)) return notFound()
  const href = await linker.expanded(relation, variables)
  if (href !== undefined) return redirect(href)
  return trouble(503, {
    code: 'HW_NOT_FOUND_NOW',
    detail: `Expected to find ${relation.slice(0, 100)} from the entry document, found nothing. Its service may be starting or gone.`,
    headers: { 'retry-after': '2' },
  })
}

const redirect = (location: string): Reply => ({ status: 307, headers: { location, 'cache-control': 'no-store' } })
