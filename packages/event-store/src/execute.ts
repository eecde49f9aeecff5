import type { Event } from '@headwater/contract'
import type { Appended, Conflict, IdReused, StreamAppend } from './append.ts'
import { type Command, type Decider, definitionOf, type Refusal } from './decider.ts'
import { checkedData, nameOf, type Request, situationOf, streamOf, take, type Taken, type World } from './decision.ts'
import type { Meta } from './event.ts'
import type { Loaded } from './states.ts'
import type { EventStore } from './store.ts'

/** The data a command takes. */
export type CommandData<C> = C extends { readonly input?: infer Data } ? Data : unknown

/** What a decision came to, and the state after it. */
export type Outcome<State> =
  | { readonly kind: 'done'; readonly state: State; readonly version: number; readonly events: readonly Event[] }
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly sentence: string
      readonly state: State
      readonly version: number
    }

export type Executed<State> =
  | (Outcome<State> & {
      /** Position of the append's last event; absent when nothing was recorded. */
      readonly position?: number
      /** The same events, by id and content, were there before. */
      readonly repeated: boolean
    })
  /** `stream` is the entity's, or one of those recorded with it. */
  | Conflict
  | IdReused

export interface ExecuteOptions<State> {
  readonly meta: Meta
  /** Only against this version (If-Match), else a conflict. Without it a decision is taken again while others get in between. */
  readonly expected?: number
  /** Asked of the state each try decides on, before the decider is; a refusal is recorded like the domain's own. */
  readonly before?: (state: State) => Refusal | undefined
  /** The data has been through the command's schema already. */
  readonly checked?: boolean
  readonly variant?: (experiment: any, unit: string) => string
  /** Who asks. */
  readonly caller?: string
  /** Called once a try, for done and refused alike; what it answers goes into the same append (requests, exposures). */
  readonly record?: (outcome: Outcome<State>) => readonly StreamAppend[]
  readonly inline?: readonly InlineProjection<any>[]
  /** Ids computed from the request, so that a repeat is recognised. */
  readonly eventId?: (index: number) => string
}

/** Rows kept by the same append as the events they follow from. */
export interface InlineProjection<State = any> {
  readonly name: string
  readonly decider: Decider<State>
  /** Called for each event with the state after it: rows to put, or to delete where `value` is absent. Pure. */
  readonly rows: (
    event: Event<string, any>,
    entity: { readonly id: string; readonly state: State; readonly version: number },
  ) => readonly { readonly key: string; readonly value?: unknown }[]
}

/** Decisions are taken again this often while others get in between; then the conflict is the answer. */
const triesMost = 100

/**
 * Loads (kept state, snapshot, then newer events), decides, appends; decides again on a conflict while nobody named a version.
 * @throws InvalidCommand, InvalidAppend
 */
export async function execute<State, C extends string | Command>(
  store: EventStore,
  decider: Decider<State>,
  id: string,
  command: C,
  data: CommandData<C>,
  options: ExecuteOptions<State>,
): Promise<Executed<State>> {
  const definition = definitionOf(decider)
  const name = nameOf(command)
  const checked = options.checked === true ? data : checkedData(definition, name, data)
  const request: Request<State> = { decider, id, command: name, data: checked }
  const world: World = { now: store.now(), newId: store.newId }
  let fresh = false
  for (let tries = 1; ; tries++) {
    const states = { kept: 0 }
    const situation = await situationOf(request, async (of, its) => {
      const kept = fresh ? undefined : store.states.kept(of, its)
      if (kept !== undefined) states.kept += 1
      return kept ?? (await store.states.load(of, its))
    })
    const mayBeOld = states.kept > 0
    const { expected } = options
    const { version } = situation.own
    if (expected !== undefined && expected !== version && (!mayBeOld || version > expected)) {
      return { kind: 'conflict', stream: streamOf(situation.own), expected, actual: version }
    }
    fresh = true
    if (expected !== undefined && expected !== version) continue
    const taken = take(request, situation, world, options)
    if (taken.append.streams.every(({ events }) => events.length === 0)) {
      // Nothing to record, so no append would notice that a state was old.
      if (mayBeOld) continue
      return { ...taken.outcome, repeated: false }
    }
    const result = await store.append(taken.append)
    if (result.kind === 'appended') return await recorded(store, request, taken, result)
    if (result.kind === 'id-reused') return result
    const read = taken.after.some((entity) => streamOf(entity) === result.stream)
    if (!read || expected !== undefined || tries === triesMost) return result
  }
}

async function recorded<State>(
  store: EventStore,
  { decider, id }: Request<State>,
  { outcome, after }: Taken<State>,
  { last: position, versions, repeated }: Appended,
): Promise<Executed<State>> {
  if (!repeated) for (const entity of after) store.states.keep(entity.decider, entity.id, entity)
  if (!repeated || outcome.kind === 'refused') return { ...outcome, position, repeated }
  // What was recorded the first time counts, not what was decided now.
  const then = await store.states.loadAt(decider, id, versions[0]!)
  return { ...outcome, ...then, position, repeated }
}

/** State of an entity now, or as of a version. A stream without events is the initial state at version 0. */
export async function load<State>(
  store: EventStore,
  decider: Decider<State>,
  id: string,
  options: { readonly upTo?: number } = {},
): Promise<Loaded<State>> {
  if (options.upTo === undefined) return await store.states.load(decider, id)
  return await store.states.loadAt(decider, id, options.upTo)
}
