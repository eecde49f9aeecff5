import type { Link } from './link.ts'
import type { Schema } from './schema.ts'

/** Who asks, as the host's authentication found out. */
export interface Caller {
  readonly subject: string
  readonly scopes: readonly string[]
  readonly client?: string
}

type Query<Path extends string> = Path extends `${string}{?${infer Names}}${string}` ? Names : never
type Split<Names extends string> = Names extends `${infer Head},${infer Tail}` ? Head | Split<Tail> : Names
type InPath<Path extends string> = Path extends `${string}{${infer Name}}${infer Tail}`
  ? (Name extends `?${string}` ? never : Name) | InPath<Tail>
  : never

/** The variables of a path as a server gets them: `/pots/{potId}{?after}` → `{ potId: string; after?: string }`. */
export type Variables<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in InPath<Path>]: string } & { readonly [Name in Split<Query<Path>>]?: string }

/** `/pots/{potId}` → `pot`, `/customers/{customerId}/pots` → `pots`: a resource is named by the end of its path. */
export type NameOf<Path extends string> = string extends Path
  ? string
  : Path extends `${infer Front}{?${string}}`
    ? NameOf<Front>
    : Path extends `${string}/${infer Tail}`
      ? NameOf<Tail>
      : Path extends `{${infer Variable}}`
        ? Variable extends `${infer Name}Id`
          ? Name
          : Variable
        : Path

/** What pure functions of a declaration are told beside the state. */
export interface Place<Path extends string = string> {
  readonly variables: Variables<Path>
  readonly caller?: Caller
}

/** A required link: must give one (or a list) for every state. */
export type LinkRule<State, Path extends string = string> = (state: State, place: Place<Path>) => Link | readonly Link[]

/** A link that some states do not have. */
export type OptionalLinkRule<State, Path extends string = string> = (
  state: State,
  place: Place<Path>,
) => Link | undefined

export type LinkRules<State, Path extends string = string> = { readonly [relation: string]: LinkRule<State, Path> }
export type OptionalLinkRules<State, Path extends string = string> = {
  readonly [relation: string]: OptionalLinkRule<State, Path>
}
/** What was left out is inferred as its constraint; that would be any name. */
type OrNone<Named> = string extends keyof Named ? Readonly<Record<never, never>> : Named

/** When and for whom an action is there; everything but its input. */
export interface ActionRule<State = any, Path extends string = string> {
  /** What the caller must hold. There is no action without one. */
  readonly scope: string
  /** Whether the action makes sense now. It is absent from the document when not, and refused (409) when called all the same. */
  readonly when?: (state: State, place: Place<Path>) => boolean
  /** The action brings the resource into being: offered where such resources are listed. Says who names the new one. */
  readonly create?: 'server' | 'client'
  /** The caller must say which version was seen (If-Match), else 428. */
  readonly ifMatch?: 'required'
  readonly title?: string
  readonly description?: string
  readonly deprecated?: Deprecation
}

export interface Action<State = any, Path extends string = string> extends ActionRule<State, Path> {
  readonly input?: Schema
}

/** RFC 9745 and RFC 8594: since when it should not be used any more, and when it will be gone (RFC 3339 times). */
export interface Deprecation {
  readonly since: string
  readonly sunset?: string
  /** Where to read what to do about it. */
  readonly link?: string
}

export interface ResourceRule<State, Path extends string = string> {
  /** What a caller must hold to read; default `{service}:read`. `anyone` opens it to callers nobody knows. */
  readonly scope?: string
  /** Whether this caller may know of this one; when not, it is not found (404). */
  readonly visible?: (state: State, place: Place<Path>) => boolean
  /** What is shown of the state; default all of it. */
  readonly show?: (state: State, place: Place<Path>) => object
  readonly title?: string
  readonly description?: string
  readonly deprecated?: Deprecation
}

/** A declared resource: data and pure functions. Its name is what links and clients call it. */
export interface Resource<
  Name extends string = string,
  Path extends string = string,
  State = any,
  Links extends LinkRules<any, any> = LinkRules<any, any>,
  Actions extends Readonly<Record<string, Action<any, any>>> = Readonly<Record<string, Action<any, any>>>,
  Shown = State,
  Optional extends OptionalLinkRules<any, any> = OptionalLinkRules<any, any>,
> extends ResourceRule<State, Path> {
  readonly kind: 'resource'
  readonly name: Name
  readonly path: Path
  readonly state?: Schema<any, State>
  /** Each state has them; to forget one is a compile error. */
  readonly links: Links
  /** Links that some states do not have. */
  readonly optionalLinks: Optional
  readonly actions: Actions
  /** Only for types: what a client sees. */
  readonly '~shown'?: Shown
}

export type AnyResource = Resource<string, any, any, any, any, any, any>
export type VariablesOf<R extends AnyResource> =
  R extends Resource<string, infer Path, any, any, any, any, any> ? Variables<Path> : never
export type StateOf<R extends AnyResource> =
  R extends Resource<string, any, infer State, any, any, any, any> ? State : never

/**
 * Declares a resource at an RFC 6570 path (`/pots/{potId}`, `/entries{?after,limit}`).
 * The state is described by `state` (a schema) or said by the functions' parameter.
 * Throws `HW_PATH_TEMPLATE` for a path that cannot be matched both ways.
 */
export function resource<
  const Path extends string,
  State,
  const Links extends LinkRules<NoInfer<State>, Path>,
  const Actions extends Readonly<Record<string, Action<NoInfer<State>, Path>>>,
  const Optional extends OptionalLinkRules<NoInfer<State>, Path>,
  Shown extends object = State & object,
  const Name extends string = NameOf<Path>,
>(
  path: Path,
  declaration: Omit<ResourceRule<State, Path>, 'show'> & {
    readonly name?: Name
    readonly state?: Schema<any, State>
    readonly show?: (state: NoInfer<State>, place: Place<Path>) => Shown
    readonly links: Links
    readonly optionalLinks?: Optional
    readonly actions?: Actions
  },
): Resource<Name, Path, State, Links, OrNone<Actions>, Shown, OrNone<Optional>> {
  return {
    ...declaration,
    kind: 'resource',
    path,
    name: declaration.name ?? (nameOf(path) as Name),
    optionalLinks: declaration.optionalLinks ?? {},
    actions: declaration.actions ?? {},
  } as never
}

function nameOf(path: string): string {
  const last =
    path
      .replace(/\{\?.*$/, '')
      .split('/')
      .at(-1) ?? ''
  return last.replace(/^\{(.+?)(?:Id)?\}$/, '$1')
}
