import type { SourceEvent } from '@headwater/consumer'
import { type Contract, jsonSchemaOf, type Level } from '@headwater/contract'
import { bodyKey, namesOf } from './body.ts'
import { declaredKinds, either, type Kind, kindOf, reconcile, sqlType } from './kind.ts'

/** What is known of an event type. */
export interface CataloguedType {
  readonly service: string
  readonly type: string
  /** `undeclared` when no contract says anything of it. */
  readonly level: Level | 'undeclared'
  readonly events: number
  /** Recorded times of the first and the last event; absent while there is none. */
  readonly firstSeenAt?: string
  readonly lastSeenAt?: string
  readonly fields: readonly CataloguedField[]
}

export interface CataloguedField {
  readonly field: string
  /** DuckDB's name of its type. */
  readonly type: string
  readonly declared: boolean
  /** Sealed with a person's key. */
  readonly personal: boolean
  /** Events that have it. */
  readonly events: number
  /** A value as JSON text, at most 80 characters; none of personal fields. */
  readonly example?: string
}

interface Seen {
  service: string
  type: string
  events: number
  firstSeenAt: string
  lastSeenAt: string
  fields: Map<string, { events: number; kind?: Kind; example?: string }>
}

interface Declared {
  readonly level: Level
  readonly key?: string
  readonly personal: readonly string[]
  readonly kinds: ReadonlyMap<string, Kind>
}

const MOST_FIELDS = 200
const EXAMPLE_LENGTH = 80

/**
 * Event types and their fields, kept as events land: a projection with positions of its own, so that an event counts once also
 * when it is landed again after a crash.
 */
export class Catalogue {
  readonly #seen = new Map<string, Seen>()
  readonly #declared = new Map<string, Declared>()
  readonly #positions = new Map<string, number>()
  readonly #eras = new Map<string, number>()

  /** Position counted up to, by service. */
  get positions(): ReadonlyMap<string, number> {
    return this.#positions
  }

  declare(contract: Contract): void {
    for (const [type, said] of contract.types) {
      const personal = Object.keys(said.personal ?? {})
      this.#declared.set(bodyKey(contract.service, type), {
        level: said.level,
        ...(said.key !== undefined && { key: said.key }),
        personal,
        kinds: declaredKinds(jsonSchemaOf(said.data), personal),
      })
    }
  }

  keyOf(service: string, type: string): string | undefined {
    return this.#declared.get(bodyKey(service, type))?.key
  }

  levelOf(service: string, type: string): Level | 'undeclared' {
    return this.#declared.get(bodyKey(service, type))?.level ?? 'undeclared'
  }

  /**
   * Counts the events of the positions up to `to`, those that are not counted yet; none where something before `after` is not: that,
   * and these, are counted again from the table.
   */
  count(
    service: string,
    { after, to }: { readonly after: number; readonly to: number },
    events: readonly Pick<SourceEvent, 'position' | 'type' | 'recordedAt' | 'data'>[],
  ): void {
    const counted = this.#positions.get(service) ?? 0
    if (counted < after) return
    for (const event of events) if (event.position > counted) this.#observe(service, event)
    this.#positions.set(service, Math.max(counted, to))
  }

  #observe(service: string, { type, recordedAt, data }: Pick<SourceEvent, 'type' | 'recordedAt' | 'data'>): void {
    const key = bodyKey(service, type)
    let seen = this.#seen.get(key)
    if (seen === undefined) {
      seen = { service, type, events: 0, firstSeenAt: recordedAt, lastSeenAt: recordedAt, fields: new Map() }
      this.#seen.set(key, seen)
    }
    if (seen.events === 0) seen.firstSeenAt = recordedAt
    seen.events++
    seen.lastSeenAt = recordedAt
    if (typeof data === 'object' && data !== null) observeFields(seen, data)
  }

  /** Kinds of a type's payload fields: as declared, unless events say otherwise. */
  kinds(service: string, type: string): ReadonlyMap<string, Kind> {
    const key = bodyKey(service, type)
    const kinds = new Map(this.#declared.get(key)?.kinds)
    for (const [field, { kind }] of this.#seen.get(key)?.fields ?? []) {
      const held = reconcile(kinds.get(field), kind)
      if (held !== undefined) kinds.set(field, held)
    }
    return kinds
  }

  /** Event types seen or declared, in order of service and name. */
  names(): { service: string; type: string }[] {
    const keys = [...new Set([...this.#seen.keys(), ...this.#declared.keys()])].toSorted()
    return keys.map(namesOf)
  }

  list(): readonly CataloguedType[] {
    return this.names().map(({ service, type }) => this.#type(service, type))
  }

  #type(service: string, type: string): CataloguedType {
    const key = bodyKey(service, type)
    const seen = this.#seen.get(key)
    const declared = this.#declared.get(key)
    const fields = [...this.kinds(service, type)].map(([field, kind]) => {
      const found = seen?.fields.get(field)
      const personal = declared?.personal.includes(field) ?? false
      return {
        field,
        type: sqlType(kind),
        declared: declared?.kinds.has(field) ?? false,
        personal,
        events: found?.events ?? 0,
        ...(found?.example !== undefined && !personal && { example: found.example }),
      }
    })
    const times = seen && { firstSeenAt: seen.firstSeenAt, lastSeenAt: seen.lastSeenAt }
    return { service, type, level: declared?.level ?? 'undeclared', events: seen?.events ?? 0, ...times, fields }
  }

  /** What was seen, as JSON; declarations are not part of it. */
  kept(): string {
    const types = [...this.#seen.values()].map((seen) => ({ ...seen, fields: [...seen.fields] }))
    return JSON.stringify({ positions: [...this.#positions], types })
  }

  restore(kept: string): void {
    const { positions, types } = JSON.parse(kept) as {
      positions: [string, number][]
      types: (Omit<Seen, 'fields'> & { fields: [string, { events: number }][] })[]
    }
    for (const [service, position] of positions) this.#positions.set(service, position)
    for (const seen of types)
      this.#seen.set(bodyKey(seen.service, seen.type), { ...seen, fields: new Map(seen.fields) })
  }

  /** Forgets what was counted of a service, to count it again. Names and kinds stay meanwhile, so that it can be asked. */
  forget(service: string): void {
    this.#eras.set(service, this.era(service) + 1)
    this.#positions.delete(service)
    for (const seen of this.#seen.values()) {
      if (seen.service !== service) continue
      seen.events = 0
      for (const [field, { kind }] of seen.fields) seen.fields.set(field, { events: 0, ...(kind && { kind }) })
    }
  }

  /** Another number after `forget`. */
  era(service: string): number {
    return this.#eras.get(service) ?? 0
  }

  /** All of a service is counted: lets go of types of which there is no event any more. */
  complete(service: string): void {
    for (const [key, seen] of this.#seen) if (seen.service === service && seen.events === 0) this.#seen.delete(key)
  }
}

function observeFields(seen: Seen, data: object): void {
  if (Array.isArray(data)) return
  for (const field in data) {
    const value = (data as Record<string, unknown>)[field]
    let found = seen.fields.get(field)
    if (found === undefined) {
      if (seen.fields.size >= MOST_FIELDS) continue
      found = { events: 0 }
      seen.fields.set(field, found)
    }
    found.events++
    const kind = either(found.kind, kindOf(value))
    if (kind !== undefined) found.kind = kind
    if (found.example === undefined && value !== null && value !== undefined && !isSealed(value))
      found.example = JSON.stringify(value).slice(0, EXAMPLE_LENGTH)
  }
}

function isSealed(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'sealed' in value
}
