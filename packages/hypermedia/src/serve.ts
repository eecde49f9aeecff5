import { act, idOf } from './acting.ts'
import { MAX_BODY_BYTES } from './body.ts'
import type { LinksChecked } from './check-links.ts'
import { chooseFace, FACES } from './face.ts'
import { homeOf } from './home.ts'
import { problemPage } from './html-face.ts'
import { linkerOf } from './linker.ts'
import { openapiOf } from './openapi.ts'
import { isTrouble, problemReply, trouble, type Trouble } from './problem.ts'
import { follow, notFound, read } from './reading.ts'
import { relationOf, relationsOf } from './relation.ts'
import type { AnyResource, Caller } from './resource.ts'
import { type Reply, responseOf } from './reply.ts'
import { actionReply, type Asked, documentReply, type Server } from './responding.ts'
import type { Method } from './routes.ts'
import type { Handler, ServeOptions } from './serve-options.ts'
import { siteOf, type Site, type Target } from './site.ts'

/**
 * Serves declared resources as hypermedia: HAL, HAL-FORMS, problems, HTML, OpenAPI. Knows who calls from the host.
 * Throws at once what is wrong with the declaration (`HW_ROUTE_CLASH`, `HW_NOT_IMPLEMENTED`, `HW_NAME_TAKEN`, …).
 */
export function serve<const All extends readonly AnyResource[]>(
  resources: All & LinksChecked<All>,
  options: ServeOptions<NoInfer<All>>,
): Handler {
  const server = serverOf(resources, options as ServeOptions<any>)
  const home = `${server.site.base}/`
  return async (request, { caller }) => {
    const face = chooseFace(request.headers.get('accept'), FACES)
    const answer = await answerTo(server, request, caller, face).catch((error: unknown) => {
      if (error instanceof Response) return error
      options.onError?.(error, request)
      return trouble(500, {
        code: 'HW_INTERNAL',
        detail: 'This is not your mistake. Try again; the service has noted it.',
      })
    })
    const reply = isTrouble(answer) ? (face === 'text/html' ? problemPage(answer, home) : problemReply(answer)) : answer
    return withHome(reply, home, request.method === 'HEAD')
  }
}

/** What every answer says besides: what it depends on, and the way home. */
function withHome(reply: Reply | Response, home: string, head: boolean): Response {
  const vary = 'Accept, Authorization'
  const way = `<${home}>; rel="home"`
  if (reply instanceof Response) {
    // A copy: headers of a fetched answer cannot be added to.
    const response = new Response(head ? null : reply.body, reply)
    response.headers.set('vary', vary)
    response.headers.append('link', way)
    return response
  }
  const { status, headers, body } = reply
  const link = headers['link'] === undefined ? way : `${headers['link']}, ${way}`
  return responseOf({ status, headers: { ...headers, vary, link }, ...(!head && body !== undefined && { body }) })
}

function serverOf(resources: readonly AnyResource[], options: ServeOptions<any>): Server {
  const site = siteOf(resources, options)
  const linker = linkerOf(site, options.resolve ?? (() => undefined))
  return { site, linker, maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES, newId: options.newId ?? idOf }
}

async function answerTo(
  server: Server,
  request: Request,
  caller: Caller | undefined,
  face: Asked['face'] | undefined,
): Promise<Reply | Trouble> {
  const url = new URL(request.url)
  const path = pathBelow(server.site.base, url.pathname)
  if (path === undefined) return notFound()
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const found = method === 'GET' || method === 'POST' ? server.site.routes.find(method, path) : undefined
  if (found === undefined) return elsewhere(server.site, request.method, path)
  if (face === undefined) {
    return trouble(406, { code: 'HW_NOT_ACCEPTABLE', detail: `Expected Accept to allow one of ${FACES.join(', ')}.` })
  }
  return targetAnswer(server, found.target, found.variables, { request, url, caller, face })
}

async function targetAnswer(
  server: Server,
  target: Target,
  variables: Record<string, string>,
  asked: Asked,
): Promise<Reply | Trouble> {
  const { site } = server
  switch (target.kind) {
    case 'home':
      return documentReply(server, homeOf(site, asked.caller), site.title, asked)
    case 'openapi':
      return {
        status: 200,
        headers: { 'content-type': 'application/openapi+json' },
        body: JSON.stringify(openapiOf(site)),
      }
    case 'relations':
      return documentReply(server, relationsOf(site), 'Relations', asked)
    case 'relation': {
      const document = relationOf(site, variables['relation']!)
      return isTrouble(document) ? document : documentReply(server, document, variables['relation']!, asked)
    }
    case 'follow':
      return follow(server, variables['relation']!, asked)
    case 'resource':
      return read(server, target.on, variables, asked)
    case 'action': {
      const answer = await act(server, target.action, asked, variables)
      return isTrouble(answer) ? answer : actionReply(server, answer, asked, target.action.action.deprecated)
    }
  }
}

/** The path within the service; undefined outside its mount. */
function pathBelow(base: string, path: string): string | undefined {
  if (!path.startsWith(base)) return undefined
  const rest = path.slice(base.length)
  return rest === '' ? '/' : rest.startsWith('/') ? rest : undefined
}

/** What is answered where a method leads to nothing: 404, 405 with Allow, or the answer to OPTIONS. */
function elsewhere(site: Site, method: string, path: string): Reply | Trouble {
  const methods = (['GET', 'POST'] satisfies Method[]).filter((one) => site.routes.find(one, path) !== undefined)
  if (methods.length === 0) return notFound()
  const allow = [...methods.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one])), 'OPTIONS'].join(', ')
  if (method === 'OPTIONS') return { status: 204, headers: { allow } }
  const detail = `Expected one of ${allow}, got ${method.slice(0, 20)}.`
  return trouble(405, { code: 'HW_METHOD_NOT_ALLOWED', detail, headers: { allow } })
}
