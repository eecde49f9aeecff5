import type { Commands, Decider } from '@headwater/event-store'
import { definitionOf } from '@headwater/event-store'
import {
  type Action,
  type ActionRule,
  type Caller,
  type LinkRules,
  type NameOf,
  type OptionalLinkRules,
  resource as declare,
  type Resource,
  type ResourceRule,
  type Variables,
} from '@headwater/hypermedia'

/** A resource whose state and actions are those of a decider: an action is a command. */
export interface DeciderResource<
  Name extends string = string,
  Path extends string = string,
  State = any,
  Links extends LinkRules<any, any> = LinkRules<any, any>,
  Actions extends Readonly<Record<string, Action<any, any>>> = Readonly<Record<string, Action<any, any>>>,
  Shown = State,
  Optional extends OptionalLinkRules<any, any> = OptionalLinkRules<any, any>,
> extends Resource<Name, Path, State, Links, Actions, Shown, Optional> {
  readonly decider: Decider<State, any>
}

type ActionsOf<State, Path extends string, C extends Commands> = {
  readonly [N in keyof C]?: ActionRule<NoInfer<State>, Path>
}

/** What was left out is inferred as its constraint; that would be any name. */
type OrNone<Named> = string extends keyof Named ? Readonly<Record<never, never>> : Named

/** Each action with the input its command takes. */
type WithInput<C extends Commands, A> = {
  readonly [N in keyof A & string & keyof C]: A[N] & { readonly input: C[N] }
}

/**
 * Declares the resource of a decider: `resource('/pots/{potId}', pot, { links, actions })`. The path's one variable is the entity's id.
 * Actions not named are not there: deny by default.
 */
export function resource<
  const Path extends string,
  State extends object,
  C extends Commands,
  const Links extends LinkRules<NoInfer<State>, Path>,
  const Actions extends ActionsOf<State, Path, C>,
  const Optional extends OptionalLinkRules<NoInfer<State>, Path>,
  Shown extends object = State,
  const Name extends string = NameOf<Path>,
>(
  path: Path,
  decider: Decider<State, C>,
  said: Omit<ResourceRule<State, Path>, 'show'> & {
    readonly name?: Name
    readonly show?: (
      state: NoInfer<State>,
      place: { readonly variables: Variables<Path>; readonly caller?: Caller },
    ) => Shown
    readonly links: Links
    readonly optionalLinks?: Optional
    readonly actions: Actions
  },
): DeciderResource<Name, Path, State, Links, WithInput<C, Actions>, Shown, OrNone<Optional>> {
  const { commands, category } = definitionOf(decider as Decider<State>)
  const actions = Object.fromEntries(
    Object.entries(said.actions as unknown as Record<string, ActionRule>).map(([name, rule]) => {
      const schema = commands[name]
      if (schema === undefined) {
        throw new TypeError(
          `Resource ${path} has an action "${name}", which ${category} has no command for. Its commands: ${Object.keys(commands).join(', ')}.`,
        )
      }
      return [name, { ...rule, input: schema }]
    }),
  )
  refuseManyVariables(path)
  const declared = (declare as any)(path, { ...said, actions })
  return { ...declared, decider }
}

function refuseManyVariables(path: string): void {
  const variables = path.replace(/\{\?[^}]*\}$/, '').match(/\{[^}]+\}/g) ?? []
  if (variables.length !== 1) {
    throw new TypeError(`Expected a path with one variable, the entity's id, like /pots/{potId}; got ${path}.`)
  }
}
