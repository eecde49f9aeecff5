import { isPersonal } from '@headwater/contract'
import { type Decider, definitionOf, type EventStore, type Moment, past } from '@headwater/event-store'
import { type Caller, problem } from '@headwater/hypermedia'
import type { DeciderResource } from './resource.ts'
import { keptRequest } from './request.ts'
import type { Running } from './running.ts'

/** What opens personal data of others in what was; without it only entities that hold none can be looked back at. */
const personalScope = 'personal:read'

/**
 * An entity as it was: `at` a moment its state, `from` one `to` another what changed, `blame` of a field (JSON Pointer) the event that
 * changed it last, with the request that asked for it. A moment is a version of the stream (`3`), a place in the log (`position:120`)
 * or a time (RFC 3339). Undefined where none of these is asked for.
 */
export async function lookBack(
  { service, store, keys }: Running,
  stream: string,
  query: URLSearchParams,
  caller: Caller,
): Promise<object | Response | undefined> {
  const asked = ['at', 'from', 'to', 'blame'].filter((name) => query.has(name))
  if (asked.length === 0) return undefined
  const decider = decidersOf(service).find((one) => stream.startsWith(`${definitionOf(one).category}-`))
  if (decider === undefined) return noState(stream, decidersOf(service))
  if (isPersonal(definitionOf(decider).facts) && !caller.scopes.includes(personalScope))
    return problem(403, { code: 'HW_FORBIDDEN', scope: personalScope })
  const back = past(store, decider, stream.slice(definitionOf(decider).category.length + 1))
  const pointer = query.get('blame')
  if (pointer !== null) return { stream, pointer, ...(await blamed(store, keys, await back.blame(pointer), caller)) }
  const [at, from, to] = (['at', 'from', 'to'] as const).map((name) => momentOf(query.get(name)))
  if ([at, from, to].includes(null)) return badMoment(query)
  if (at !== undefined) return { stream, ...(await back.asOf(at!)) }
  // The end is the last version of the stream: no stream has so many events.
  const [begin, end] = [from ?? { version: 0 }, to ?? { version: Number.MAX_SAFE_INTEGER }]
  const [before, after, changes] = await Promise.all([back.asOf(begin), back.asOf(end), back.diff(begin, end)])
  return { stream, from: before.version, to: after.version, changes }
}

type Kept = NonNullable<Awaited<ReturnType<ReturnType<typeof past>['blame']>>>

/** The event, and who asked for what: a consumer's or an operator's doing has no request. */
async function blamed(
  store: EventStore,
  keys: Running['keys'],
  event: Kept | undefined,
  { scopes }: Caller,
): Promise<object> {
  if (event === undefined) return { event: null }
  const request = await keptRequest(store, keys, event.causationId)
  const { version, id, type, data, position, occurredAt, causationId } = event
  const kept = { version, id, type, data, position, occurredAt, causationId }
  if (request === undefined) return { event: kept }
  const { caller, target, action, person, input } = request
  // It may have been asked of another entity than this one, whose data is personal.
  if (person !== undefined && !scopes.includes(personalScope))
    return { event: kept, request: { id: causationId, caller, target, action } }
  return { event: kept, request: { id: causationId, caller, target, action, input } }
}

/** Deciders of a service, by its resources and by what its projections follow; longest category first. */
function decidersOf({ resources, projections = [] }: Running['service']): Decider[] {
  const all = [
    ...resources.flatMap((one) => ('decider' in one ? [(one as DeciderResource).decider as Decider] : [])),
    ...projections.flatMap((one) => ('decider' in one ? [one.decider as Decider] : [])),
  ]
  return [...new Set(all)].sort((a, b) => definitionOf(b).category.length - definitionOf(a).category.length)
}

/** `undefined`: none was named; `null`: it is none. */
function momentOf(text: string | null): Moment | undefined | null {
  if (text === null) return undefined
  const [, position] = /^position:(\d{1,15})$/.exec(text) ?? []
  if (position !== undefined) return { position: Number(position) }
  if (/^\d{1,15}$/.test(text)) return { version: Number(text) }
  return /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)) ? { time: text } : null
}

const badMoment = (query: URLSearchParams): Response =>
  problem(400, {
    code: 'HW_MOMENT',
    title: 'That is no moment',
    detail: `Expected a version like 3, a place like position:120 or a time like 2026-01-31T09:00:00Z, got ${query.toString().slice(0, 200)}.`,
  })

const noState = (stream: string, deciders: readonly Decider[]): Response =>
  problem(404, {
    code: 'HW_NO_SUCH_STATE',
    title: 'Nothing decides on that stream',
    detail: `Expected a stream of ${deciders.map((one) => definitionOf(one).category).join(', ')}, got ${stream.slice(0, 100)}: its events are kept, but no state follows from them.`,
  })
