import type { Link } from './link.ts'
import type { AnyResource, Resource, VariablesOf } from './resource.ts'

/** The link (or links) a rule gives. */
export type GivenBy<Rule> = Rule extends (...parameters: any[]) => infer Given
  ? Given extends readonly (infer One)[]
    ? One
    : Exclude<Given, undefined>
  : never

export type Named<All extends AnyResource, Name extends string> = Extract<All, { readonly name: Name }>

/** Keys that are wanted and not given; an index signature may be anything and is believed. */
type Missing<Wanted, Given> = string extends keyof Wanted | keyof Given
  ? never
  : Exclude<keyof Wanted & string, keyof Given & string>
type RequiredOf<V> = { [K in keyof V as undefined extends V[K] ? never : K]: V[K] }

/** Never when a link is right, else a sentence that says what is wrong with it. */
type Fault<Rule, All extends AnyResource, Names extends string> =
  GivenBy<Rule> extends Link<infer Target, infer V>
    ? string extends Target
      ? never
      : Target extends `${string}:${string}`
        ? never
        : Target extends Names
          ? VariableFault<Target, VariablesOf<Named<All, Target>>, V>
          : `No resource is named ${Target}.`
    : never

type VariableFault<Target extends string, Wanted, Given> =
  | (Missing<RequiredOf<Wanted>, Given> extends infer Lost extends string
      ? Lost extends string
        ? `A link to ${Target} needs the variable ${Lost}.`
        : never
      : never)
  | (Missing<Given, Wanted> extends infer Strange extends string
      ? Strange extends string
        ? `The path of ${Target} has no variable ${Strange}.`
        : never
      : never)

type Faults<Links, All extends AnyResource> = {
  readonly [
    Relation in keyof Links as [Fault<Links[Relation], All, All['name']>] extends [never] ? never : Relation
  ]: Fault<Links[Relation], All, All['name']>
}

/** A resource, with a sentence in the place of every link that leads nowhere. */
type Checked<R, All extends AnyResource> =
  R extends Resource<infer Name, any, any, infer Links, any, any, infer Optional>
    ? string extends Name
      ? R
      : (keyof Faults<Links, All> extends never ? unknown : { readonly links: Faults<Links, All> }) &
          (keyof Faults<Optional, All> extends never ? unknown : { readonly optionalLinks: Faults<Optional, All> })
    : R

/** Asked of the resources of a service: each link within it must name a resource and all variables of its path. */
export type LinksChecked<All extends readonly AnyResource[]> = {
  readonly [Index in keyof All]: Checked<All[Index], All[number]>
}
