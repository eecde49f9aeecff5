import { problem } from '@headwater/hypermedia'
import type { QueriesHandler } from '@headwater/lake'
import { entryDocument, type Listed } from './entry.ts'
import type { Guard } from './guard.ts'
import type { Issuer } from './issuer.ts'
import type { Landscape } from './landscape.ts'
import { operate } from './operating.ts'
import { traced } from './telemetry.ts'

export interface Gate {
  readonly landscape: Landscape
  readonly known: Guard
  readonly issuer: Issuer
  readonly elsewhere: Readonly<Record<string, string>>
  readonly questions: () => QueriesHandler | undefined
  /** Every service runs. */
  readonly ready: () => boolean
}

/** One port: finds out who asks, then which service is meant. */
export async function gateway(gate: Gate, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
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
  const context = asked.kind === 'known' ? { caller: asked.caller } : {}
  const name = pathname.split('/')[1] ?? ''
  if (name === '') return entryDocument(request, listed(gate), context)
  const operated = await operate(gate.landscape, pathname, request, context)
  if (operated !== undefined) return operated
  const questions = gate.questions()
  if (name === 'lake' && questions !== undefined) return await questions(request, context)
  const found = services.get(name)
  if (found !== undefined) return await traced(request, name, () => found.handle(request, context))
  return problem(404, {
    code: 'HW_NO_SUCH_SERVICE',
    title: 'There is no such service',
    detail: `Expected one of ${[...services.keys()].join(', ')}, got "${name}". The entry document ${url} lists them.`,
  })
}

function listed({ landscape, elsewhere }: Gate): Listed[] {
  const here = [...landscape.services.values()].map(({ service: { name, title } }) => ({
    name,
    href: `/${name}/`,
    title: title ?? name,
  }))
  return [...here, ...Object.entries(elsewhere).map(([name, href]) => ({ name, href, title: name }))]
}
