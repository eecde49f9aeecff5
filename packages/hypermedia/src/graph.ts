import type { GivenBy, Named } from './check-links.ts'
import type { Link, Value } from './link.ts'
import type { AnyResource, Resource, Variables } from './resource.ts'
import type { Schema } from './schema.ts'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Services by name, each with its declared resources: only types, `{ pots: typeof potsResources }`. */
export type Landscape = Readonly<Record<string, readonly AnyResource[]>>

type ServiceOf<L extends Landscape> = keyof L & string
type In<L extends Landscape, S extends ServiceOf<L>> = L[S][number]

/** What a link's target is: `customers:customer` in another service, `pot` in the same. */
type TargetOf<
  L extends Landscape,
  S extends ServiceOf<L>,
  Target extends string,
> = Target extends `${infer Other}:${infer Name}`
  ? Other extends ServiceOf<L>
    ? Place<L, Other, Named<In<L, Other>, Name>>
    : Place<any, any, any>
  : Place<L, S, Named<In<L, S>, Target>>

type LinksOf<R> = R extends Resource<string, any, any, infer Links, any, any, any> ? Links : never
type OptionalsOf<R> = R extends Resource<string, any, any, any, any, any, infer Optional> ? Optional : never
type ActionsOf<R> = R extends Resource<string, any, any, any, infer Actions, any, any> ? Actions : never
type PathOf<R> = R extends Resource<string, infer Path, any, any, any, any, any> ? Path : never
type IsMany<Rule> = Rule extends (...parameters: any[]) => readonly unknown[] ? true : false

type TargetName<Rule> = GivenBy<Rule> extends Link<infer Target, any> ? Target : never
/** Relations of a resource that always have one target, so that a walk may go on without looking. */
type Sure<R> = {
  [Relation in keyof LinksOf<R>]: IsMany<LinksOf<R>[Relation]> extends true ? never : Relation
}[keyof LinksOf<R>] &
  string

type Asked<Path extends string> = {
  readonly [Name in keyof Variables<Path>]: Exclude<Variables<Path>[Name], undefined> | Value
}
/** Variables need not be given when the path has none that must be. */
type With<V> = {} extends V ? [variables?: V] : [variables: V]

type InputOf<A> = A extends { readonly input: infer S extends Schema } ? StandardSchemaV1.InferInput<S> : undefined
type Given<I> = [I] extends [undefined] ? [input?: undefined, options?: ActOptions] : [input: I, options?: ActOptions]

type LastVariable<Path extends string> = Path extends `${string}/{${infer Tail}`
  ? Tail extends `${string}/{${string}`
    ? LastVariable<`/{${Tail}`>
    : Tail extends `${infer Name}}${string}`
      ? Name
      : never
  : never

/** Actions that create, by the key under which lists and home offer them: `pot.open`. */
type Creating<R> = R extends AnyResource
  ? {
      [
        A in keyof ActionsOf<R> & string as ActionsOf<R>[A] extends { readonly create: string }
          ? `${R['name']}.${A}`
          : never
      ]: {
        readonly on: R
        readonly input: ActionsOf<R>[A] extends { readonly create: 'client' }
          ? { readonly [Name in LastVariable<PathOf<R>>]: string } & ([InputOf<ActionsOf<R>[A]>] extends [undefined]
              ? unknown
              : InputOf<ActionsOf<R>[A]>)
          : InputOf<ActionsOf<R>[A]>
      }
    }
  : never
type Merged<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer All) => void ? All : never
type CreatingIn<L extends Landscape, S extends ServiceOf<L>> = Merged<Creating<In<L, S>>>

type InputAt<L extends Landscape, S extends ServiceOf<L>, Key> =
  CreatingIn<L, S> extends { readonly [K in Key & string]: { readonly input: infer Input } } ? Input : never
type CreatedAt<L extends Landscape, S extends ServiceOf<L>, Key> =
  CreatingIn<L, S> extends { readonly [K in Key & string]: { readonly on: infer R extends AnyResource } }
    ? Found<L, S, R>
    : never

export interface ActOptions {
  /** Default: a new one for each call, the same for its retries. */
  readonly idempotencyKey?: string
  /** Only on the version that was read (If-Match), also where the form does not ask for it. */
  readonly ifMatch?: boolean
}

interface Creates<L extends Landscape, S extends ServiceOf<L>> {
  act<Key extends keyof CreatingIn<L, S>>(
    action: Key,
    ...given: Given<InputAt<L, S, Key>>
  ): Promise<CreatedAt<L, S, Key>>
}

/** On the way to a place: nothing is fetched before it is awaited. */
export interface Walk<There> extends PromiseLike<There> {}

/** Where all services are found. */
export interface Entry<L extends Landscape> {
  /** Of a service whose resources are known by no type everything goes. */
  service<S extends ServiceOf<L>>(name: S): string extends In<L, S>['name'] ? any : Home<L, S>
  /** Every service listed now. */
  services(): Promise<readonly { readonly name: string; readonly title?: string; readonly url: string }[]>
  /** What the landscape itself links to, `status`: of no declared type, so everything goes. */
  follow(relation: string, variables?: object): any
}

/** Home of a service. */
export interface Home<L extends Landscape, S extends ServiceOf<L>> extends Walk<FoundHome<L, S>>, Creates<L, S> {
  follow<Name extends In<L, S>['name']>(
    relation: Name,
    ...variables: With<Asked<PathOf<Named<In<L, S>, Name>>>>
  ): Place<L, S, Named<In<L, S>, Name>>
}

export interface FoundHome<L extends Landscape, S extends ServiceOf<L>> extends Facts {
  readonly state: { readonly service: string; readonly title: string; readonly version: string }
  follow: Home<L, S>['follow']
  act: Home<L, S>['act']
}

/** A resource that was not looked at yet: only what it always has can be followed. */
export interface Place<L extends Landscape, S extends ServiceOf<L>, R extends AnyResource> extends Walk<
  Found<L, S, R>
> {
  follow<Relation extends Sure<R>>(relation: Relation): TargetOf<L, S, TargetName<LinksOf<R>[Relation]>>
  act: Found<L, S, R>['act']
}

/** What a document says of itself. */
export interface Facts {
  readonly url: string
  readonly version: number | undefined
  /** Whether a form of this name is in the document: state and caller allow it now. */
  offers(action: string): boolean
  /** URL of a link (of a list, the first), to be asked for another face than this client reads: events, CSV. */
  href(relation: string, variables?: object): string | undefined
  /** What came along, by relation: parts of the linked documents. */
  readonly embedded: Readonly<Record<string, readonly object[]>>
}

/** A resource as it was when read. */
export interface Found<L extends Landscape, S extends ServiceOf<L>, R extends AnyResource> extends Facts {
  readonly state: NonNullable<R['~shown']>
  follow<Relation extends (keyof LinksOf<R> | keyof OptionalsOf<R>) & string>(
    relation: Relation,
  ): Relation extends keyof LinksOf<R>
    ? IsMany<LinksOf<R>[Relation]> extends true
      ? readonly TargetOf<L, S, TargetName<LinksOf<R>[Relation]>>[]
      : TargetOf<L, S, TargetName<LinksOf<R>[Relation]>>
    : TargetOf<L, S, TargetName<OptionalsOf<R>[Relation & keyof OptionalsOf<R>]>> | undefined
  act<Key extends (keyof ActionsOf<R> & string) | keyof CreatingIn<L, S>>(
    action: Key,
    ...given: Key extends keyof ActionsOf<R> ? Given<InputOf<ActionsOf<R>[Key]>> : Given<InputAt<L, S, Key>>
  ): Promise<Key extends keyof ActionsOf<R> ? Found<L, S, R> : CreatedAt<L, S, Key>>
  home(): Home<L, S>
  /** The same place as it is now. */
  refresh(): Promise<Found<L, S, R>>
}
