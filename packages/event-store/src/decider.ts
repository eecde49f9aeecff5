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

/** What the world adds to a decision; passed in, so that deciding stays pure. */
export interface Deciding {
  /** The variant a unit gets. Asking is what records the exposure. */
  variant<E extends { readonly variants: object }>(experiment: E, unit: string): string & keyof E['variants']
  readonly now: Date
  newId(): string
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
  decide(command: { type: string; data: any }, state: State, context: Deciding): readonly Event[] | Refusal
  evolve(state: State, event: Event<string, any>): State
  /** Changes when `initialState` or `evolve` do: states kept from before are then not used. */
  readonly edition: string
}

export type Decider<State = any, C extends Commands = {}> = {
  readonly [N in string & keyof C]: Command<InputOf<C[N]>, State>
} & { readonly [definition]: Definition<State> }

const definition: unique symbol = Symbol('definition')

/** The declaration behind a decider. */
export function definitionOf<State>(decider: Decider<State>): Definition<State> {
  return decider[definition]
}

export interface Said<F extends AnyFacts, C extends Commands, State> {
  readonly commands: C
  readonly initialState: () => State
  readonly decide: {
    readonly [N in keyof C]: (
      data: OutputOf<C[N]>,
      state: NoInfer<State>,
      context: Deciding,
    ) => readonly EventOf<F>[] | Refusal
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
export function decider<F extends AnyFacts, C extends Commands, State>(
  category: string,
  facts: F,
  said: Said<F, C, State>,
): Decider<State, C>
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
export function decider(category: string, facts: AnyFacts, said: any): Decider {
  return undefined as never
}
