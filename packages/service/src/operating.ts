import type { Consumer } from '@headwater/consumer'
import { adopt } from '@headwater/event-store'
import { type Caller, problem } from '@headwater/hypermedia'
import { importPart } from './importing.ts'
import type { Landscape } from './landscape.ts'
import { membersOf } from './members.ts'
import { parked } from './parking.ts'
import { StillRead } from './removal.ts'
import { projected } from './projected.ts'
import { rebuildOf, rewind } from './replaying.ts'
import { lacking } from './right.ts'
import type { Running } from './running.ts'
import { NotWoundDown } from './winding-down.ts'

/** What the operator of a landscape may look at and do, by path. Whoever reads events may see how far they are. */
export async function operate(
  landscape: Landscape,
  path: string,
  request: Request,
  { caller }: { readonly caller?: Caller },
): Promise<Response | undefined> {
  const [, kind, name = '', part] = /^\/([a-z]+)\/([a-z][a-z0-9-]*)(?:\/([\w-]+))?$/.exec(path) ?? []
  const asked = `${request.method} /${kind}/`
  const one = part === undefined ? ofService[asked]?.(name) : ofPart[asked]?.(name, part)
  const act = acts[`${request.method} ${path}`] ?? one
  if (act === undefined) return undefined
  const scope = request.method === 'GET' && path === '/status' ? 'events:read' : 'operate'
  return lacking(caller, scope) ?? (await act(landscape, request))
}

type Act = (landscape: Landscape, request: Request) => Promise<Response>

const missing = (name: string): Response =>
  problem(404, { code: 'HW_NO_SUCH_SERVICE', detail: `Expected a service that runs, got "${name}".` })

/** What is asked of one service: the path names it. */
const ofService: Readonly<Record<string, (name: string) => Act>> = {
  'GET /removals/': (name) => async (landscape) => {
    const removal = await landscape.removal(name)
    return removal === undefined ? missing(name) : Response.json(removal)
  },
  'POST /removals/': (name) => async (landscape) => {
    if (!landscape.services.has(name)) return missing(name)
    try {
      return Response.json(await landscape.remove(name))
    } catch (error) {
      if (error instanceof NotWoundDown)
        return problem(409, { code: error.code, title: 'It has something to settle', detail: error.message })
      if (!(error instanceof StillRead)) throw error
      return problem(409, {
        code: error.code,
        title: 'Somebody reads it',
        detail: error.message,
        readers: error.readers,
      })
    }
  },
  // After a restore: the log goes on under a new name, and readers that were beyond the backup are told so.
  'POST /lineages/': (name) => async (landscape, request) => {
    const found = landscape.services.get(name)
    if (found === undefined) return missing(name)
    const { at } = await membersOf(request)
    const last = await found.store.log.last()
    if (at !== undefined && !(Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) <= last)) {
      return problem(400, {
        code: 'HW_POSITION_INVALID',
        detail: `Expected {"at": …}, the last position that was restored, from 0 to ${last}, got ${JSON.stringify(at)}.`,
      })
    }
    const lineage = await adopt(found.surroundings.pool, at === undefined ? {} : { at: at as number })
    await landscape.mount(found.service)
    return Response.json({ service: name, ...lineage })
  },
  'POST /imports/': (name) => async (landscape, request) => {
    const found = landscape.services.get(name)
    return found === undefined ? missing(name) : await importPart(found, request)
  },
}

/** What is asked of one part of a service, a consumer or a projection. */
const ofPart: Readonly<Record<string, (name: string, part: string) => Act>> = {
  'GET /projections/': (name, projection) => async (landscape) => {
    const found = landscape.services.get(name)
    return found === undefined ? missing(name) : projected(found, projection)
  },
  'GET /parked/': withConsumer(parked),
  'POST /parked/': withConsumer(parked),
  'POST /rewinds/': withConsumer(rewind),
}

function withConsumer(act: (running: Running, consumer: Consumer, request: Request) => Promise<Response>) {
  return (name: string, consumer: string): Act =>
    async (landscape, request) => {
      const found = landscape.services.get(name)
      if (found === undefined) return missing(name)
      const known = found.service.consumers ?? []
      const declared = known.find((one) => one.name === consumer)
      if (declared !== undefined) return await act(found, declared, request)
      return problem(404, {
        code: 'HW_NO_SUCH_CONSUMER',
        detail: `Expected a consumer of ${name}, one of ${known.map((one) => one.name).join(', ') || '(none)'}; got "${consumer}".`,
      })
    }
}

const acts: Readonly<Record<string, Act>> = {
  'GET /status': async (landscape) => Response.json({ services: await landscape.status() }),
  'POST /settle': async (landscape, request) => {
    try {
      return Response.json({ positions: await landscape.settled({ signal: request.signal }) })
    } catch (error) {
      const { code, message } = error as { code?: unknown; message: string }
      if (code !== 'HW_PROJECTION_FAILED') throw error
      return problem(500, { code, title: 'A projection stands still', detail: message })
    }
  },
  'POST /rebuild': async (landscape, request) => {
    const { service, name } = await membersOf(request)
    const found = landscape.services.get(String(service))
    const rebuilt = found && (await rebuildOf(found, name === undefined ? undefined : String(name), request.signal))
    if (rebuilt !== undefined) return Response.json({ service, rebuilt })
    return problem(404, {
      code: 'HW_NO_SUCH_PROJECTION',
      detail: `Expected a service and one of its projections, or of its consumers that keep tables, got ${String(service)}/${String(name)}.`,
    })
  },
  'POST /forget': async (landscape, request) => {
    const { person } = await membersOf(request)
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
    const { advanceMs } = await membersOf(request)
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

/** First parts of all these paths: no service may be called so. */
export const operatorPaths: ReadonlySet<string> = new Set(
  [acts, ofService, ofPart].flatMap((asked) => Object.keys(asked).map((act) => act.split('/')[1]!)),
)
