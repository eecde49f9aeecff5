import { type Decider, definitionOf } from './decider.ts'
import type { StoredEvent } from './event.ts'
import { openEvents } from './sealing.ts'
import { evolver, type Loaded } from './states.ts'
import type { EventStore } from './store.ts'

/** One thing that differs between two states; `pointer` is a JSON Pointer (RFC 6901). Absent `before`: it was not there. */
export interface Change {
  readonly pointer: string
  readonly before?: unknown
  readonly after?: unknown
}

/** An event of an entity, the state after it, and what it changed. */
export interface Step<State = any> extends Loaded<State> {
  readonly event: StoredEvent
  readonly changes: readonly Change[]
}

/** A moment of an entity: after one of its events, at a place in the log, or at a time (RFC 3339, as recorded). */
export type Moment = { readonly version: number } | { readonly position: number } | { readonly time: string }

/** Git for data: what an entity was, when, and by whom. */
export interface Past<State> {
  /** All that happened, oldest first. */
  history(): Promise<Step<State>[]>
  asOf(moment: Moment): Promise<Loaded<State>>
  diff(from: Moment, to: Moment): Promise<Change[]>
  /** The last event that changed a field (JSON Pointer) or something in it; its `causationId` names the request. */
  blame(pointer: string): Promise<StoredEvent | undefined>
}

/** The past of one entity, read from its stream. @param id without the category: `past(store, pot, '7')`. */
export function past<State>(store: EventStore, decider: Decider<State>, id: string): Past<State> {
  const asOf = async (moment: Moment): Promise<Loaded<State>> => {
    if ('version' in moment) return await store.states.loadAt(decider, id, moment.version)
    const position = 'position' in moment ? moment.position : await store.log.before(moment.time)
    return await store.states.loadAt(decider, id, await store.states.versionAt(decider, id, position))
  }
  return {
    history: () => history(store, decider, id),
    asOf,
    async diff(from, to) {
      const [before, after] = await Promise.all([asOf(from), asOf(to)])
      return [...changesBetween(before.state, after.state)]
    },
    async blame(pointer) {
      const touches = ({ changes }: Step) =>
        changes.some((change) => isWithin(change.pointer, pointer) || isWithin(pointer, change.pointer))
      return (await history(store, decider, id)).findLast(touches)?.event
    },
  }
}

async function history<State>(store: EventStore, decider: Decider<State>, id: string): Promise<Step<State>[]> {
  const definition = definitionOf(decider)
  const stored = await store.read(`${definition.category}-${id}`)
  const { keys } = store.states
  const events = keys === undefined ? stored : await openEvents(keys, definition.facts, stored)
  const evolve = evolver(definition)
  let state = definition.initialState()
  return events.map((event) => {
    const before = state
    state = evolve(state, event)
    return { event, state, version: event.version, changes: [...changesBetween(before, state)] }
  })
}

/** Differences of two JSON values, leaf by leaf. */
function* changesBetween(before: unknown, after: unknown, pointer = ''): Iterable<Change> {
  if (Object.is(before, after)) return
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* changesBetween(before[key], after[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    return
  }
  yield {
    pointer,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`)
}
