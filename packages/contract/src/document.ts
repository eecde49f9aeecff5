import { createHash } from 'node:crypto'
import type { Contract, EventType, Level, PublishedForm } from './events.ts'
import { type JsonSchema, jsonSchemaOf } from './schema.ts'
import { personalOf, sealedIn } from './sealed.ts'

/** What a service promises about its events, as JSON. */
export interface ContractDocument {
  readonly service: string
  /** SHA-256 of all the rest, in hex; equal promises have equal hashes. */
  readonly hash: string
  readonly types: Readonly<Record<string, Promised>>
}

/** What is promised about one event type. */
export interface Promised {
  readonly level: Level
  /** Published forms by version: JSON Schema 2020-12. More fields than it names may come: pass over those you do not know. */
  readonly published?: Readonly<Record<string, JsonSchema>>
  /** How the data is stored; only for those who may look inside, and no promise. */
  readonly stored?: Stored
  /** Field whose value orders the events for consumers; the stream where absent. */
  readonly key?: string
  /** Fields that travel sealed, in whatever form, each with the field that names the person. */
  readonly personal?: Readonly<Record<string, string>>
  readonly readers?: readonly string[]
  /** Day (ISO 8601) on which experimental access ends, or a deprecated type goes. */
  readonly until?: string
}

export interface Stored {
  readonly version: number
  readonly schema: JsonSchema
  /** Versions that are lifted to the next. */
  readonly upcasts: readonly number[]
}

export interface DocumentOptions {
  /** Whose view it is: service or consumer name. Experimental types are for those they name. */
  readonly reader?: string
  /** Shows every type, also internal ones, and how the data is stored. */
  readonly inside?: boolean
  readonly now?: Date
}

/** The promise of a service as data, as far as a reader may see it. */
export function contractDocument(contract: Contract, options: DocumentOptions = {}): ContractDocument {
  const { inside = false, reader, now = new Date() } = options
  const types = [...contract.types.values()]
    .filter((type) => inside || shownTo(type, reader, now))
    .map((type) => [type.type, promised(type, inside)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  const said = { service: contract.service, types: Object.fromEntries(types) }
  return { service: said.service, hash: hashOf(said), types: said.types }
}

/** The part that readers outside may rely on, with the hash of that. */
export function outsideOf({ service, types }: ContractDocument): ContractDocument {
  const published = Object.entries(types).flatMap(([type, { stored: _, ...rest }]) =>
    rest.published === undefined ? [] : [[type, rest] as const],
  )
  const said = { service, types: Object.fromEntries(published) }
  return { service, hash: hashOf(said), types: said.types }
}

/** Whether a reader may see events of a type. Experimental access ends by itself as its day begins (UTC). */
export function shownTo({ level, readers = [], until }: EventType, reader: string | undefined, now: Date): boolean {
  if (level !== 'experimental') return level !== 'internal'
  if (reader === undefined || !readers.includes(reader)) return false
  return until !== undefined && now.getTime() < Date.parse(until)
}

function promised(type: EventType, inside: boolean): Promised {
  const { level, key, readers, until, published = {} } = type
  const personal = Object.assign({}, ...Object.values(published).map((form) => form.personal), type.personal)
  return {
    level,
    ...(level === 'internal' ? {} : { published: publishedForms(type) }),
    ...(inside ? { stored: storedForm(type) } : {}),
    ...(key === undefined ? {} : { key }),
    ...(type.personal === undefined ? {} : { personal }),
    ...(readers === undefined ? {} : { readers }),
    ...(until === undefined ? {} : { until }),
  }
}

function storedForm({ data, version, upcast = {} }: EventType): Stored {
  return { version, schema: jsonSchemaOf(data), upcasts: Object.keys(upcast).map(Number) }
}

function publishedForms(type: EventType): Record<string, JsonSchema> {
  const { data, version, published } = type
  const forms: Record<string, Pick<PublishedForm<any>, 'data' | 'personal'>> = published ?? { [version]: { data } }
  return Object.fromEntries(
    Object.entries(forms).map(([number, form]) => [
      number,
      sealedIn(opened(jsonSchemaOf(form.data)), personalOf(type, form)),
    ]),
  )
}

const literal = new Set(['const', 'enum', 'default', 'examples'])
const named = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas'])

/** The schema as one reads by it who passes over what he does not know. */
export function opened<S>(schema: S, ofNames = false): S {
  if (Array.isArray(schema)) return schema.map((one) => opened(one)) as S
  if (typeof schema !== 'object' || schema === null) return schema
  const entries = Object.entries(schema).flatMap(([name, value]) => {
    if (ofNames) return [[name, opened(value)]]
    if (['additionalProperties', 'unevaluatedProperties'].includes(name) && value === false) return []
    return [[name, literal.has(name) ? value : opened(value, named.has(name))]]
  })
  return Object.fromEntries(entries)
}

function hashOf(said: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(said)))
    .digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
