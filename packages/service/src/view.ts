import type { CommandData, Executed, StateOf } from '@headwater/event-store'
import type { Attributes, Experiment } from '@headwater/experiment'
import {
  type Action,
  type ActionRule,
  type Caller,
  type LinkRules,
  type NameOf,
  type Refused,
  resource as declare,
  type Resource,
  type ResourceRule,
  type Schema,
  type Variables,
} from '@headwater/hypermedia'
import type { Entry, Landscape } from '@headwater/hypermedia/client'
import type { Rows } from './rows.ts'

/** A resource without a decider: its state is read from projections or from other services, and so are its actions carried out. */
export interface View<
  Name extends string = string,
  Path extends string = string,
  State = any,
  Links extends LinkRules<any, any> = LinkRules<any, any>,
  Actions extends ViewActions = Readonly<Record<never, never>>,
> extends Resource<Name, Path, State, Links, Actions, State, {}> {
  read(variables: Variables<Path>, context: ViewContext): Promise<State | undefined>
}

/** What a view may use while it is read: its own database, other services for whoever asks, and variants for a screen. */
export interface ViewContext {
  readonly caller?: Caller
  /** SQL on the service's own database. */
  query<Row = any>(sql: string, params?: readonly unknown[]): Promise<Row[]>
  /** Rows of an inline projection, by key. Throws `HW_TOO_MANY_ROWS` rather than leave some of more than 10,000 out. */
  readonly rows: Rows
  /** State of one of the service's own entities. */
  load<D>(decider: D, id: string): Promise<StateOf<D>>
  /**
   * Other services, found from the entry URL and asked in the caller's name with the rights this service has (`scopes`), never more.
   * What they refuse is passed on as they said it.
   */
  enter<L extends Landscape>(): Entry<L>
  /** The variant of a unit, for a screen: its exposure is in the service's log before this answers, once per unit and allocation. */
  variant<V extends string>(experiment: Experiment<V>, unit: string, attributes?: Attributes): Promise<V>
}

/** What a command came to. */
export type Decided = Exclude<Executed<any>, { readonly kind: 'conflict' | 'id-reused' }>

/** What an action may use besides. */
export interface ActContext extends ViewContext {
  readonly caller: Caller
  /** The caller's; pass it on, so that a repeat is one there too. */
  readonly idempotencyKey?: string
  /**
   * Runs a command of one of the service's own deciders. It is kept as a request, and a repeat gets what was decided the first time.
   * What the caller asked something else for under the same key ends the action (422), and so does an entity that others keep changing (503).
   */
  run<C>(command: C, id: string, data: CommandData<C>): Promise<Decided>
  /** Keeps what a screen's reader did with a variant: once per key. */
  seen(experiment: Experiment<any>, of: Sighting): Promise<void>
}

export interface Sighting {
  readonly unit: string
  readonly variant: string
  readonly what: 'seen' | 'tapped'
  /** Made by whoever reports; the same one again is the same sighting. */
  readonly key: string
}

/** What an action came to: nothing to add, a refusal, or what the answer is to carry. */
export type Acted<State = any> =
  | void
  | Refused
  | { readonly headers?: Readonly<Record<string, string>>; readonly state?: State }

/** An action carried out by a function: by other services, or by commands of the service's own deciders. */
export interface ViewAction<Input extends Schema = Schema> extends ActionRule<any, any> {
  readonly input?: Input
  /** Asked again when the caller repeats: pass on the idempotency key, or be idempotent. */
  act(input: any, context: ActContext, variables: Readonly<Record<string, string>>): Promise<Acted>
}

export type ViewActions = Readonly<Record<string, ViewAction & Action<any, any>>>

type Given<S> = S extends Schema<any, infer Output> ? Output : never

/** Declares an action of a view; `act` gets what `input` let through. */
export function action<const Input extends Schema>(
  said: Omit<ActionRule<any, any>, 'create' | 'ifMatch'> & {
    readonly input: Input
    readonly act: (
      input: Given<Input>,
      context: ActContext,
      variables: Readonly<Record<string, string>>,
    ) => Promise<Acted>
  },
): ViewAction<Input> & { readonly input: Input } {
  return said
}

/** Declares a resource that has no decider: `view('/pots{?customerId}', read, { links })`. `read` gives the state, or undefined where there is none. */
export function view<
  const Path extends string,
  State extends object,
  const Links extends LinkRules<NoInfer<State>, Path>,
  const Name extends string = NameOf<Path>,
  const Actions extends ViewActions = Readonly<Record<never, never>>,
>(
  path: Path,
  read: (variables: Variables<Path>, context: ViewContext) => Promise<State | undefined>,
  said: ResourceRule<NoInfer<State>, Path> & {
    readonly name?: Name
    readonly links: Links
    readonly actions?: Actions
  },
): View<Name, Path, State, Links, Actions> {
  const declared = (declare as any)(path, { actions: {}, ...said })
  return { ...declared, read }
}
