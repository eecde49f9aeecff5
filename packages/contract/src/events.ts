import { check, type InputOf, type OutputOf, type Schema, type SchemaIssue } from './schema.ts'

/** How far a promise about an event type goes. Unknown = internal = invisible to consumers. */
export type Level = 'internal' | 'experimental' | 'published' | 'deprecated'

/** Something that happened, before it is recorded. */
export interface Event<Type extends string = string, Data = unknown> {
  readonly type: Type
  readonly data: Data
}

/** What is said once about an event type. */
export interface EventDeclaration<S extends Schema = Schema> {
  readonly data: S
  /** Default `internal`. */
  readonly level?: Level
  /** Version of the stored schema, 1, 2, 3…; default 1. */
  readonly version?: number
  /** `upcast[n]` lifts the data of version n to version n + 1. */
  readonly upcast?: { readonly [fromVersion: number]: (data: any) => unknown }
  /** Field of `data` whose value orders this event for consumers; default: the stream. */
  readonly key?: string & keyof OutputOf<S>
  /** Personal fields, each naming the field that holds its person's id. They are sealed with that person's key. */
  readonly personal?: { readonly [field in string & keyof OutputOf<S>]?: string & keyof OutputOf<S> }
  /** Published versions by number: a pure function of the stored data. Version 1 defaults to the data itself. */
  readonly published?: { readonly [version: number]: PublishedForm<OutputOf<S>> }
  /** Of another service's event: the published version that consumers read, and no other; default: the oldest there is. */
  readonly reads?: number
  /** Readers (service or consumer names) an `experimental` type is for. */
  readonly readers?: readonly string[]
  /** Day (ISO 8601) the experimental access ends by itself, or a deprecated type goes. */
  readonly until?: string
}

/** A published form: its own schema, and the mapping from the stored data. */
export interface PublishedForm<Data> {
  readonly data: Schema
  readonly from: (data: Data) => unknown
  /** Personal fields as they are called here, each naming the field of its person; default: those of the stored data. */
  readonly personal?: { readonly [field: string]: string }
}

export interface EventType<Type extends string = string, S extends Schema = Schema> extends EventDeclaration<S> {
  /** Checks the data and makes the event; throws `InvalidEvent`. */
  (data: InputOf<S>): Event<Type, OutputOf<S>>
  readonly type: Type
  readonly service: string
  readonly level: Level
  readonly version: number
}

/** The schema of each event type, by its name. */
export type Schemas = { readonly [type: string]: Schema }

/** A service's events by name. Make some of them apart with `only`, for one decider. */
export type Facts<S extends Schemas> = { readonly [T in string & keyof S]: EventType<T, S[T]> } & AnyFacts

/** Some service's facts, whichever. */
export interface AnyFacts {
  readonly [contract]: Contract
}

/** The promise behind some facts, as data. */
export interface Contract {
  readonly service: string
  readonly types: ReadonlyMap<string, EventType>
}

const contract: unique symbol = Symbol('contract')

/** Events of some facts, as a union discriminated by `type`. */
export type EventOf<F> = {
  [T in string & keyof F]: F[T] extends EventType<infer Name, infer S> ? Event<Name, OutputOf<S>> : never
}[string & keyof F]

/** Data of one event type of some facts. */
export type DataOf<F, T extends keyof F> = F[T] extends EventType<string, infer S> ? OutputOf<S> : never

/** Thrown when data does not fit its event's schema; nothing was recorded. */
export class InvalidEvent extends Error {
  readonly code = 'HW_INVALID_EVENT'
  readonly type: string
  readonly issues: readonly SchemaIssue[]
  constructor(type: string, issues: readonly SchemaIssue[]) {
    const list = issues.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; ')
    super(
      `The data of event ${type} does not fit its schema: ${list}. Give the event the fields its declaration names.`,
    )
    this.type = type
    this.issues = issues
  }
}

/**
 * Declares the events of a service, once: from here come types, checks, contract and the lake's columns.
 * @param service name of the service that owns them: lower-case letters, digits and `-`.
 */
export function events<S extends Schemas>(
  service: string,
  declarations: { readonly [T in keyof S]: EventDeclaration<S[T]> },
): Facts<S> {
  const types = Object.entries(declarations as unknown as Record<string, EventDeclaration>).map(([type, said]) =>
    eventType(service, type, said),
  )
  return factsOf(service, types) as Facts<S>
}

/** Some of a service's events, for a decider that deals with these alone. */
export function only<F extends AnyFacts, T extends string & keyof F>(facts: F, ...types: T[]): Pick<F, T> & AnyFacts {
  const { service, types: all } = contractOf(facts)
  return factsOf(
    service,
    types.map((type) => all.get(type)!),
  ) as Pick<F, T> & AnyFacts
}

/** The contract behind facts. */
export function contractOf(facts: AnyFacts): Contract {
  return facts[contract]
}

/** Whether any of these events has personal fields. */
export function isPersonal(facts: AnyFacts): boolean {
  return [...contractOf(facts).types.values()].some(({ personal }) => personal !== undefined)
}

function factsOf(service: string, types: EventType[]): AnyFacts {
  const held: Contract = { service, types: new Map(types.map((type) => [type.type, type])) }
  const facts: Record<string, unknown> = Object.fromEntries(held.types)
  Object.defineProperty(facts, contract, { value: held })
  return Object.freeze(facts) as unknown as AnyFacts
}

/** What an event type may be called. */
export const typeName = /^[A-Z][A-Za-z0-9]{0,99}$/

/** A day of the calendar, with or without a time of it (ISO 8601). */
export function isDay(text: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}(?=(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$)/.exec(text)?.[0]
  if (day === undefined || Number.isNaN(Date.parse(text))) return false
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

function eventType(service: string, type: string, said: EventDeclaration): EventType {
  if (!typeName.test(type)) {
    throw new TypeError(
      `Expected an event type like "MoneyDeposited", got "${type}". Name it in PascalCase, at most 100 letters and digits.`,
    )
  }
  if (said.until !== undefined && !isDay(said.until)) {
    throw new TypeError(
      `Expected the day on which ${type} goes (until) like "2027-02-01", got "${said.until}". It would never come.`,
    )
  }
  const create = (data: unknown): Event => {
    const checked = check(said.data, data)
    if (checked.kind === 'invalid') throw new InvalidEvent(type, checked.issues)
    return { type, data: checked.value }
  }
  const handle = Object.assign(create, { level: 'internal', version: 1, ...said, type, service })
  return Object.freeze(handle) as unknown as EventType
}
