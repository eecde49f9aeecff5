import type { Event } from '@headwater/contract'
import type { StreamAppend } from './append.ts'
import type { Command, Decider, Refusal } from './decider.ts'
import type { Meta } from './event.ts'
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
  | { readonly kind: 'conflict'; readonly expected: number; readonly actual: number }
  | { readonly kind: 'id-reused'; readonly ids: readonly string[] }

export interface ExecuteOptions<State> {
  readonly meta: Meta
  /** Only against this version (If-Match), else a conflict. Without it a decision is taken again while others get in between. */
  readonly expected?: number
  /** Asked of the state each try decides on, before the decider is; a refusal is recorded like the domain's own. */
  readonly before?: (state: State) => Refusal | undefined
  readonly variant?: (experiment: any, unit: string) => string
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

/** Loads (cached state, snapshot, then newer events), decides, appends; tries again on a conflict while nobody named a version. */
export async function execute<State, C extends string | Command>(
  store: EventStore,
  decider: Decider<State>,
  id: string,
  command: C,
  data: CommandData<C>,
  options: ExecuteOptions<State>,
): Promise<Executed<State>> {
  return undefined as never
}

/** State of an entity now, or as of a version. A stream without events is the initial state at version 0. */
export async function load<State>(
  store: EventStore,
  decider: Decider<State>,
  id: string,
  options: { upTo?: number } = {},
): Promise<{ state: State; version: number }> {
  return undefined as never
}
