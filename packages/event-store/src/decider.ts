import { createHash } from 'node:crypto'
import {
  type AnyFacts,
  contractOf,
  type DataOf,
  type Event,
  type EventOf,
  type InputOf,
  type OutputOf,
  type Schema,
} from '@headwater/contract'

/** The domain says no. An answer, not a failure: it is kept with the request. */
export interface Refusal {
  readonly kind: 'refused'
  /** Stable, for programs: `pot-closed`. */
  readonly code: string
  /** For people. */
  readonly sentence: string
}

/** @param code stable, lower-case with `-`. @param sentence says what is wrong and what to do about it. */
export function refuse(code: string, sentence: string): Refusal {
  return Object.freeze({ kind: 'refused', code, sentence })
}

/** What is known of a unit when its variant is asked. */
export type Attributes = { readonly [name: string]: string | number | boolean }

/** What the world adds to a decision; passed in, so that deciding stays pure. */
export interface Deciding<Others = {}> {
  /** Id of the entity that decides: its stream is `category-id`. */
  readonly id: string
  /** The entities named by `reads`, as of the versions the append is checked against. */
  readonly others: Others
  /** The variant a unit gets; with its attributes, where the experiment is for eligible units only. Asking is what records the exposure. */
  variant<E extends { readonly variants: object }>(
    experiment: E,
    unit: string,
    attributes?: Attributes,
  ): string & keyof E['variants']
  readonly now: Date
  newId(): string
  /** Who asks, as the host found out; absent where an event did. */
  readonly caller?: string
}

/** An entity: a decider and an id. In a decision's `others` it comes with its state. */
export interface EntityRef<State = any> {
  readonly decider: Decider<State>
  readonly id: string
}

export interface Entity<State = any> extends EntityRef<State> {
  readonly state: State
  readonly version: number
}

/** Names another entity that a decision reads: `reads: { pay: (cmd) => ({ payee: entity(ledger, cmd.to) }) }`. */
export function entity<State>(decider: Decider<State, any>, id: string): EntityRef<State> {
  return { decider: decider as Decider<State>, id }
}

/** An event for another entity's stream, in the same append as the decision's own. */
export interface Addressed<E extends Event = Event> extends Event {
  readonly type: E['type']
  readonly data: E['data']
  readonly at: EntityRef
}

/** Puts an event on the stream of an entity the decision has read, instead of the deciding one's. */
export function at<E extends Event>(entity: EntityRef, event: E): Addressed<E> {
  return { ...event, at: { decider: entity.decider, id: entity.id } }
}

export type Commands = { readonly [name: string]: Schema }
type TypesOf<F> = string & keyof F

/** A command of a decider, to be given to `execute` or `run`. */
export interface Command<Data = any, State = any> {
  readonly decider: Decider<State>
  readonly name: string
  /** Checks the data. */
  readonly schema: Schema | undefined
  /** Never there; carries the type of the data. */
  readonly input?: Data
}

/** What is declared about a decider. */
export interface Definition<State = any> {
  readonly category: string
  readonly facts: AnyFacts
  /** Absent schemas (a decider in Emmett's shape without `commands`): the data goes in unchecked. */
  readonly commands: Commands
  initialState(): State
  decide(command: { type: string; data: any }, state: State, context: Deciding<any>): readonly Event[] | Refusal
  /**
   * Other entities this command's decision reads. They are loaded before `decide` and their versions are checked by the append
   * (a stream without events of the decision is a check alone), so that the decision holds for all of them at once.
   */
  reads?(command: { type: string; data: any }, state: State): Readonly<Record<string, EntityRef>>
  evolve(state: State, event: Event<string, any>): State
  /** Changes when `initialState` or `evolve` do: states kept from before are then not used. */
  readonly edition: string
}

export type Decider<State = any, C extends Commands = {}> = {
  readonly [N in string & keyof C]: Command<InputOf<C[N]>, State>
} & { readonly [definition]: Definition<State> }

/** The state a decider folds. */
export type StateOf<D> = D extends Decider<infer State, any> ? State : never

const definition: unique symbol = Symbol('definition')

/** The declaration behind a decider. */
export function definitionOf<State>(decider: Decider<State>): Definition<State> {
  return decider[definition]
}

type OthersOf<W, N> = N extends keyof W
  ? W[N] extends (...parameters: any[]) => infer Refs
    ? { readonly [R in keyof Refs]: Refs[R] extends EntityRef<infer State> ? Entity<State> : never }
    : {}
  : {}

export interface Said<F extends AnyFacts, C extends Commands, State, W = {}> {
  readonly commands: C
  readonly initialState: () => State
  /** Other entities a command's decision reads, by name; they are there as `others` and their versions are checked with the append. */
  readonly reads?: W & {
    readonly [N in keyof C]?: (data: OutputOf<C[N]>, state: NoInfer<State>) => Readonly<Record<string, EntityRef>>
  }
  readonly decide: {
    readonly [N in keyof C]: (
      data: OutputOf<C[N]>,
      state: NoInfer<State>,
      context: Deciding<OthersOf<W, N>>,
    ) => readonly (EventOf<F> | Addressed<EventOf<F>>)[] | Refusal
  }
  readonly evolve: {
    readonly [T in TypesOf<F>]: (state: NoInfer<State>, data: DataOf<F, T>) => NoInfer<State>
  }
  /** Say another word when `evolve` changed in a function it calls: its own source is watched, not theirs. */
  readonly edition?: string
}

/** Emmett's shape: plain functions over `{ type, data }`. */
export interface Plain<State, CommandType extends { type: string; data: any }, E extends { type: string; data: any }> {
  readonly decide: (command: CommandType, state: State) => E | readonly E[] | Refusal
  readonly evolve: (state: State, event: E) => State
  readonly initialState: () => State
}

type PlainHandles<State, CommandType extends { type: string; data: any }> = {
  readonly [N in CommandType['type']]: Command<Extract<CommandType, { type: N }>['data'], State>
}

/**
 * Declares how one kind of entity decides: its streams are `category-id`. The result carries a handle for each command: `pot.close`.
 * Give facts made narrower by `only` where a service has several deciders.
 * @param category lower-case letters, digits and `_`.
 */
// The overload that most people mean stands last: its errors are the ones the compiler shows.
export function decider<
  State,
  CommandType extends { type: string; data: any },
  E extends { type: string; data: any },
  const C extends { readonly [N in CommandType['type']]?: Schema } = {},
>(
  category: string,
  facts: AnyFacts,
  plain: Plain<State, CommandType, E> & { readonly commands?: C },
): PlainHandles<State, CommandType> & Decider<State>
export function decider<F extends AnyFacts, C extends Commands, State, W = {}>(
  category: string,
  facts: F,
  said: Said<F, C, State, W>,
): Decider<State, C>
export function decider(category: string, facts: AnyFacts, said: any): Decider {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(category)) {
    throw new TypeError(
      `Expected a category like "pot", got "${category}". Use lower-case letters, digits and "_", at most 63.`,
    )
  }
  const schemas: Commands = said.commands ?? {}
  const made: Record<string, unknown> = {}
  const known: Definition = Object.freeze({
    category,
    facts,
    commands: schemas,
    initialState: said.initialState,
    ...(typeof said.decide === 'function' ? plainSteps(said) : declaredSteps(category, facts, said)),
    edition: said.edition ?? editionOf(said),
  })
  Object.defineProperty(made, definition, { value: known })
  for (const [name, schema] of Object.entries(schemas)) made[name] = command(made as Decider, name, schema)
  // In Emmett's shape the names of the commands are types alone: a handle is made when it is asked for.
  return typeof said.decide === 'function' ? withAnyHandle(made as Decider) : (Object.freeze(made) as Decider)
}

function command(of: Decider, name: string, schema: Schema | undefined): Command {
  return Object.freeze({ decider: of, name, schema })
}

function declaredSteps(
  category: string,
  facts: AnyFacts,
  { decide, evolve, reads }: Said<AnyFacts, Commands, any, any>,
): Pick<Definition, 'decide' | 'evolve' | 'reads'> {
  const steps = evolve as Record<string, (state: any, data: any) => any>
  const missing = [...contractOf(facts).types.keys()].filter((type) => !Object.hasOwn(steps, type))
  if (missing.length > 0) {
    throw new TypeError(
      `Decider ${category} does not say how ${missing.join(', ')} change its state. Add them to evolve, or narrow its facts with only(facts, …).`,
    )
  }
  return {
    decide: ({ type, data }, state, context) => {
      const choose = Object.hasOwn(decide, type) ? decide[type] : undefined
      if (choose === undefined) throw unknownCommand(category, type, Object.keys(decide))
      return choose(data, state, context) as readonly Event[] | Refusal
    },
    reads: ({ type, data }, state) => reads?.[type]?.(data, state) ?? {},
    evolve: (state, { type, data }) => {
      const step = Object.hasOwn(steps, type) ? steps[type] : undefined
      if (step === undefined) {
        throw Object.assign(
          new Error(
            `Expected events of ${category} that its decider knows, got ${type}. Add it to its facts and evolve; what was recorded stays.`,
          ),
          { code: 'HW_UNKNOWN_EVENT' },
        )
      }
      return step(state, data)
    },
  }
}

function plainSteps({ decide, evolve }: Plain<any, any, any>): Pick<Definition, 'decide' | 'evolve'> {
  return {
    decide: (given, state) => {
      const decided = decide(given, state)
      return Array.isArray(decided) || isRefusal(decided) ? decided : [decided as Event]
    },
    evolve,
  }
}

function withAnyHandle(made: Decider): Decider {
  return new Proxy(made, {
    get: (target, name) =>
      typeof name === 'symbol' || name === 'then' || Object.hasOwn(target, name)
        ? Reflect.get(target, name)
        : command(target, name, undefined),
  })
}

export function isRefusal(decided: unknown): decided is Refusal {
  return (decided as Refusal).kind === 'refused'
}

function unknownCommand(category: string, name: string, known: readonly string[]): Error {
  return Object.assign(
    new TypeError(`Expected a command of ${category} (${known.join(', ')}), got "${name}". Declare it in commands.`),
    { code: 'HW_UNKNOWN_COMMAND' },
  )
}

/** States from before a change of the code that made them must not be used after it. */
function editionOf({ initialState, evolve }: { initialState: unknown; evolve: unknown }): string {
  const code = typeof evolve === 'function' ? [evolve] : Object.entries(evolve as object).flat()
  return createHash('sha256')
    .update([initialState, ...code].map(String).join('\n'))
    .digest('base64url')
    .slice(0, 16)
}
