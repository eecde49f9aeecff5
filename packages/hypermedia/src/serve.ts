import { act, idOf } from './acting.ts'
import { MAX_BODY_BYTES } from './body.ts'
import type { LinksChecked } from './check-links.ts'
import { chooseFace, FACES } from './face.ts'
import { homeOf } from './home.ts'
import { problemPage } from './html-face.ts'
import { linkerOf } from './linker.ts'
import { openapiOf } from './openapi.ts'
import { isTrouble, problemResponse, trouble, type Trouble } from './problem.ts'
import { follow, notFound, read } from './reading.ts'
import { relationOf, relationsOf } from './relation.ts'
import type { AnyResource, Caller } from './resource.ts'
import { actionResponse, documentResponse, type Asked, type Server } from './responding.ts'
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
    const answer = await answerTo(server, request, caller, face).catch((error: unknown): Response | Trouble => {
      // A copy: headers of a fetched answer cannot be added to.
      if (error instanceof Response) return new Response(error.body, error)
      options.onError?.(error, request)
      return trouble(500, {
        code: 'HW_INTERNAL',
        detail: 'This is not your mistake. Try again; the service has noted it.',
      })
    })
    const response = isTrouble(answer)
      ? face === 'text/html'
        ? problemPage(answer, home)
        : problemResponse(answer)
      : answer
    response.headers.set('vary', 'Accept, Authorization')
    response.headers.append('link', `<${home}>; rel="home"`)
    if (request.method !== 'HEAD') return response
    return new Response(null, { status: response.status, headers: response.headers })
  }
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
): Promise<Response | Trouble> {
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
): Promise<Response | Trouble> {
  const { site } = server
  switch (target.kind) {
    case 'home':
      return documentResponse(server, homeOf(site, asked.caller), site.title, asked)
    case 'openapi':
      return new Response(JSON.stringify(openapiOf(site)), { headers: { 'content-type': 'application/openapi+json' } })
    case 'relations':
      return documentResponse(server, relationsOf(site), 'Relations', asked)
    case 'relation': {
      const document = relationOf(site, variables['relation']!)
      return isTrouble(document) ? document : documentResponse(server, document, variables['relation']!, asked)
    }
    case 'follow':
      return follow(server, variables['relation']!, asked)
    case 'resource':
      return read(server, target.on, variables, asked)
    case 'action': {
      const answer = await act(server, target.action, asked.request, variables, asked.caller)
      return isTrouble(answer) ? answer : actionResponse(server, answer, asked, target.action.action.deprecated)
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
function elsewhere(site: Site, method: string, path: string): Response | Trouble {
  const methods = (['GET', 'POST'] satisfies Method[]).filter((one) => site.routes.find(one, path) !== undefined)
  if (methods.length === 0) return notFound()
  const allow = [...methods.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one])), 'OPTIONS'].join(', ')
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
  const detail = `Expected one of ${allow}, got ${method.slice(0, 20)}.`
  return trouble(405, { code: 'HW_METHOD_NOT_ALLOWED', detail, headers: { allow } })
}
