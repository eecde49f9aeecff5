import type { AnyFacts, Event } from '@headwater/contract'
import type { Appended, Conflict, IdReused, StreamAppend } from './append.ts'
import {
  type Attributes,
  type Command,
  type Decider,
  definitionOf,
  type Entity,
  type EntityRef,
  type Refusal,
} from './decider.ts'
import {
  checkedData,
  nameOf,
  type Request,
  sealed,
  situationOf,
  streamOf,
  take,
  type Taken,
  type World,
} from './decision.ts'
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
  /**
   * Asked of the state each try decides on, before the version is compared and the decider asked; version 0: nothing is there yet. A
   * refusal is recorded like the domain's own.
   */
  readonly before?: (state: State, version: number) => Refusal | undefined
  /** The data has been through the command's schema already. */
  readonly checked?: boolean
  readonly variant?: (experiment: any, unit: string, attributes?: Attributes) => string
  /** Who asks. */
  readonly caller?: string
  /**
   * Called once a try with the command's checked data, for done and refused alike; what it answers goes into the same append (requests,
   * exposures).
   */
  readonly record?: (outcome: Outcome<State>, data: unknown) => readonly Recorded[]
  readonly inline?: readonly InlineProjection<any>[]
  /** Ids computed from the request, so that a repeat is recognised. */
  readonly eventId?: (index: number) => string
}

/** What goes into the append of a decision beside its events. With `facts`, their personal fields are sealed as these declare. */
export interface Recorded extends StreamAppend {
  readonly facts?: AnyFacts
}

/** Rows kept by the same append as the events they follow from. */
export interface InlineProjection<State = any> {
  readonly name: string
  readonly decider: Decider<State>
  /**
   * Says that its rows may hold personal data, opened: where the decider's events have some, the host asks for it. They are in the
   * open in the database and its backups, until the person is forgotten (`forgetPerson`).
   */
  readonly personal?: true
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
  let endTurn: (() => void) | undefined
  try {
    for (let tries = 1; ; tries++) {
      const result = await attempt(store, request, world, options)
      if (result.kind !== 'again') return result
      if (tries === triesMost) return result.conflict
      // Those whom one entity defeated come one after the other; else each would defeat all others again and again.
      endTurn?.()
      endTurn = await store.states.turns.take(result.conflict.stream)
      const { conflict, entity } = result
      // Kept of a log that has lost its last events since (a standby took over): nothing can be folded on from it.
      if (conflict.actual < conflict.expected) store.states.forget(entity.decider, entity.id)
      await store.states.load(entity.decider, entity.id)
    }
  } finally {
    endTurn?.()
  }
}

type Again = { readonly kind: 'again'; readonly conflict: Conflict; readonly entity: EntityRef }

async function attempt<State>(
  store: EventStore,
  request: Request<State>,
  world: World,
  options: ExecuteOptions<State>,
): Promise<Executed<State> | Again> {
  const { states } = store
  const { expected } = options
  if (expected !== undefined && states.kept(request.decider, request.id)?.version !== expected)
    await states.load(request.decider, request.id)
  const kept: Entity[] = []
  const situation = await situationOf(request, async (decider, id) => {
    const known = states.kept(decider, id)
    if (known === undefined) return await states.load(decider, id)
    kept.push({ decider, id, ...known })
    return known
  })
  const { state, version: actual } = situation.own
  // Whom the state itself is refused to is told nothing of its version.
  if (expected !== undefined && actual !== expected && options.before?.(state, actual) === undefined)
    return { kind: 'conflict', stream: streamOf(request), expected, actual }
  const taken = take(request, situation, world, options)
  if (taken.append.streams.every(({ events }) => events.length === 0)) {
    // Nothing to record, so no append would notice that a kept state is old.
    const conflict = await firstOld(store, kept)
    return conflict ?? { ...taken.outcome, repeated: false }
  }
  const result = await store.append(await sealed(taken, states.keys))
  if (result.kind === 'appended') return await recorded(store, request, taken, result)
  if (result.kind === 'id-reused') return result
  const entity = taken.after.find((one) => streamOf(one) === result.stream)
  return entity === undefined ? result : { kind: 'again', conflict: result, entity }
}

async function firstOld({ states }: EventStore, entities: readonly Entity[]): Promise<Again | undefined> {
  for (const entity of entities) {
    const { version: actual } = await states.load(entity.decider, entity.id)
    const conflict: Conflict = { kind: 'conflict', stream: streamOf(entity), expected: entity.version, actual }
    if (actual !== entity.version) return { kind: 'again', conflict, entity }
  }
  return undefined
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
