import { rebuild } from '@headwater/event-store'
import { type Caller, problem, readBody } from '@headwater/hypermedia'
import type { Landscape } from './landscape.ts'
import { StillRead } from './removal.ts'

/** What the operator of a landscape may look at and do, by path. Whoever reads events may see how far they are. */
export async function operate(
  landscape: Landscape,
  path: string,
  request: Request,
  { caller }: { readonly caller?: Caller },
): Promise<Response | undefined> {
  const [, name] = /^\/removals\/([a-z][a-z0-9-]*)$/.exec(path) ?? []
  const act = name === undefined ? acts[`${request.method} ${path}`] : removals(name)[request.method]
  if (act === undefined) return undefined
  if (caller === undefined)
    return problem(401, { code: 'HW_UNAUTHENTICATED', headers: { 'www-authenticate': 'Bearer' } })
  const scope = request.method === 'GET' ? 'events:read' : 'operate'
  if (!caller.scopes.includes(scope)) return problem(403, { code: 'HW_FORBIDDEN', scope })
  return await act(landscape, request)
}

type Act = (landscape: Landscape, request: Request) => Promise<Response>

/** `GET` says what removing a service takes, `POST` removes it. */
function removals(name: string): Readonly<Record<string, Act>> {
  const missing = () =>
    problem(404, { code: 'HW_NO_SUCH_SERVICE', detail: `Expected a service that runs, got "${name}".` })
  return {
    async GET(landscape) {
      const removal = await landscape.removal(name)
      return removal === undefined ? missing() : Response.json(removal)
    },
    async POST(landscape) {
      if (!landscape.services.has(name)) return missing()
      try {
        return Response.json(await landscape.remove(name))
      } catch (error) {
        if (!(error instanceof StillRead)) throw error
        return problem(409, {
          code: error.code,
          title: 'Somebody reads it',
          detail: error.message,
          readers: error.readers,
        })
      }
    },
  }
}

const acts: Readonly<Record<string, Act>> = {
  'GET /status': async (landscape) => Response.json({ services: await landscape.status() }),
  'POST /settle': async (landscape, request) =>
    Response.json({ positions: await landscape.settled({ signal: request.signal }) }),
  'POST /rebuild': async (landscape, request) => {
    const body = await readBody(request)
    const { service, projection } = (body.kind === 'json' ? body.value : {}) as Record<string, unknown>
    const found = landscape.services.get(String(service))
    const all = found?.service.projections ?? []
    const wanted = projection === undefined ? all : all.filter(({ name }) => name === projection)
    if (found === undefined || (projection !== undefined && wanted.length === 0)) {
      return problem(404, {
        code: 'HW_NO_SUCH_PROJECTION',
        detail: `Expected a service and one of its projections, got ${String(service)}/${String(projection)}.`,
      })
    }
    const rebuilt = []
    for (const one of wanted) rebuilt.push(await rebuild(found.store, one, { signal: request.signal }))
    return Response.json({ service, rebuilt })
  },
  'POST /forget': async (landscape, request) => {
    const body = await readBody(request)
    const { person } = (body.kind === 'json' ? body.value : {}) as { person?: unknown }
    if (typeof person !== 'string' || person === '') {
      return problem(400, {
        code: 'HW_NO_PERSON',
        detail: `Expected {"person": "…"}, the id of whom to forget, got ${JSON.stringify(person)}.`,
      })
    }
    await Promise.all([...landscape.services.values()].map((service) => service.forget(person)))
    return Response.json({ forgotten: person, services: [...landscape.services.keys()] })
  },
  'POST /clock': async (landscape, request) => {
    const body = await readBody(request)
    const { advanceMs } = (body.kind === 'json' ? body.value : {}) as { advanceMs?: unknown }
    if (typeof advanceMs !== 'number' || !Number.isSafeInteger(advanceMs) || advanceMs < 1) {
      return problem(400, {
        code: 'HW_CLOCK',
        title: 'The clock was not set',
        detail: `Expected {"advanceMs": 86400000}, whole milliseconds ahead, got ${JSON.stringify(advanceMs)}.`,
      })
    }
    await landscape.advance(advanceMs)
    return Response.json({ now: new Date(landscape.now()).toISOString() })
  },
}
