import { problem } from '@headwater/hypermedia'
import type { QueriesHandler } from '@headwater/lake'
import { entryDocument, type Listed } from './entry.ts'
import type { Guard } from './guard.ts'
import type { Issuer } from './issuer.ts'
import type { Landscape } from './landscape.ts'
import type { Logger } from './logger.ts'
import { operate, operatorPaths } from './operating.ts'
import { traced } from './telemetry.ts'

export interface Gate {
  readonly landscape: Landscape
  readonly known: Guard
  readonly issuer: Issuer
  readonly elsewhere: Readonly<Record<string, string>>
  readonly log: Logger
  readonly questions: () => QueriesHandler | undefined
  /** Every service runs. */
  readonly ready: () => boolean
}

/** First parts of paths that are the landscape's own. */
const taken = new Set(['live', 'ready', 'lake', ...operatorPaths])

/** A service of such a name would never be reached. @throws `HW_SERVICE_NAME_TAKEN` */
export function refuseTaken(name: string): void {
  if (!taken.has(name)) return
  throw Object.assign(
    new TypeError(
      `Expected a service name that is no path of the landscape itself (${[...taken].join(', ')}), got "${name}". Call it otherwise.`,
    ),
    { code: 'HW_SERVICE_NAME_TAKEN' },
  )
}

/** One port: finds out who asks, then which service is meant. Whatever goes wrong behind it is answered by a problem. */
export async function gateway(gate: Gate, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (!isText(pathname))
    return problem(400, { code: 'HW_PARAMETER_INVALID', detail: 'Expected a path of UTF-8 text without U+0000.' })
  try {
    return await answer(gate, request, pathname)
  } catch (error) {
    // A copy: headers of a fetched answer cannot be added to.
    if (error instanceof Response) return new Response(error.body, error)
    gate.log('error', 'request-failed', { url: pathname, message: (error as Error).message })
    return problem(500, {
      code: 'HW_INTERNAL',
      detail: 'This is not your mistake. Try again; the landscape has noted it.',
    })
  }
}

function isText(path: string): boolean {
  try {
    return !decodeURIComponent(path).includes('\0')
  } catch {
    return false
  }
}

async function answer(gate: Gate, request: Request, pathname: string): Promise<Response> {
  const { services, url } = gate.landscape
  if (pathname === '/live' || pathname === '/ready') {
    const ready = pathname === '/live' || gate.ready()
    return Response.json(
      { status: ready ? 'ok' : 'starting', services: [...services.keys()] },
      { status: ready ? 200 : 503 },
    )
  }
  if (pathname === '/.well-known/jwks.json') return Response.json(gate.issuer.keys)
  const asked = await gate.known(request)
  if (asked.kind === 'refused') {
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    return problem(401, { code: 'HW_TOKEN_REFUSED', title: 'The token does not hold', detail: asked.detail, headers })
  }
  if (asked.kind === 'unchecked') {
    gate.log('error', 'identity-provider-out-of-reach', { detail: asked.detail })
    return problem(503, {
      code: 'HW_IDENTITY_PROVIDER_OUT_OF_REACH',
      detail:
        'Expected the keys of the identity provider, it does not answer: the token cannot be checked. Ask again soon.',
      headers: { 'retry-after': '5' },
    })
  }
  const context = asked.kind === 'known' ? { caller: asked.caller } : {}
  const name = pathname.split('/')[1] ?? ''
  if (name === '') return entryDocument(request, listed(gate), context)
  const operated = await operate(gate.landscape, pathname, request, context)
  if (operated !== undefined) return operated
  const questions = gate.questions()
  if (name === 'lake' && questions !== undefined) return await questions(request, context)
  const found = services.get(name)
  if (found !== undefined) return await traced(request, name, () => found.handle(request, context))
  // What is not there yet may be about to be: nobody should take it for gone.
  if (!gate.ready()) return starting()
  return problem(404, {
    code: 'HW_NO_SUCH_SERVICE',
    title: 'There is no such service',
    detail: `Expected one of ${[...services.keys()].join(', ')}, got "${name}". The entry document ${url} lists them.`,
  })
}

export const starting = (): Response =>
  problem(503, {
    code: 'HW_STARTING',
    detail: 'The landscape starts. Ask again in a moment.',
    headers: { 'retry-after': '1' },
  })

function listed({ landscape, elsewhere }: Gate): Listed[] {
  const here = [...landscape.services.values()].map(({ service: { name, title } }) => ({
    name,
    href: `/${name}/`,
    title: title ?? name,
  }))
  // The same list of homes may be given to every process: what runs here is asked here.
  const others = Object.entries(elsewhere).filter(([name]) => !landscape.services.has(name))
  return [...here, ...others.map(([name, href]) => ({ name, href, title: name }))]
}
