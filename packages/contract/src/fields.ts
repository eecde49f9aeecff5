import { step } from './compare/difference.ts'
import { target } from './compare/node.ts'
import type { Contract, EventType } from './events.ts'
import { type JsonSchema, jsonSchemaOf } from './schema.ts'

/** What a reader reads of another service's contract: the fields of each type, as JSON Pointers; `*` stands for any element. */
export type Reads = Readonly<Record<string, readonly string[]>>

/** What facts that somebody was compiled against let him read, of these types or all. */
export function readsOf(contract: Contract, only?: readonly string[]): Reads {
  return Object.fromEntries(typesOf(contract, only).map((type) => [type.type, readableFields(type)]))
}

/** The published versions that such facts say are read, of these types or all; absent is whichever is served by itself. */
export function versionsOf(contract: Contract, only?: readonly string[]): Readonly<Record<string, number>> {
  const named = typesOf(contract, only).flatMap(({ type, reads }) => (reads === undefined ? [] : [[type, reads]]))
  return Object.fromEntries(named)
}

function typesOf({ types }: Contract, only?: readonly string[]): EventType[] {
  return [...types.values()].filter(({ type }) => only === undefined || only.includes(type))
}

/** Whoever has the owner's own facts reads what is published, whatever is stored. */
function readableFields({ data, published }: EventType): string[] {
  const oldest = published?.[Math.min(...Object.keys(published).map(Number))]
  return fieldsOf(jsonSchemaOf((oldest ?? { data }).data))
}

const deepest = 8

/** Every field that a schema names, as JSON Pointers into the data, sorted; what lies too deep is any (`*`). */
export function fieldsOf(schema: JsonSchema): string[] {
  const found = new Set<string>()
  collect(schema, schema, '', 0, found)
  return [...found].toSorted()
}

function collect(schema: unknown, root: JsonSchema, at: string, depth: number, found: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return
  if (depth > deepest) return void found.add(`${at}/*`)
  const {
    $ref,
    properties = {},
    items,
    prefixItems = [],
    additionalProperties,
    anyOf = [],
    oneOf = [],
    allOf = [],
  } = schema as Record<string, any>
  for (const [name, field] of Object.entries(properties)) {
    const pointer = step(at, name)
    found.add(pointer)
    collect(field, root, pointer, depth + 1, found)
  }
  for (const inside of [items, ...prefixItems, additionalProperties]) collect(inside, root, `${at}/*`, depth + 1, found)
  for (const same of [...anyOf, ...oneOf, ...allOf]) collect(same, root, at, depth + 1, found)
  if (typeof $ref === 'string') collect(target($ref, root), root, at, depth + 1, found)
}

/**
 * Fields of a reader that a change at a place concerns: the place itself, what lies in it, or a field that it lies in, where the reader
 * names nothing further in that: then he reads all of it.
 */
export function concernedBy(at: string, fields: readonly string[]): string[] {
  const isWhole = (field: string) => !fields.some((other) => other.startsWith(`${field}/`))
  return fields.filter((field) => liesIn(field, at) || (liesIn(at, field) && isWhole(field)))
}

/** Whether a place is another, or lies in it; `*` may be any step. */
function liesIn(place: string, outer: string): boolean {
  const [steps, outside] = [place.split('/'), outer.split('/')]
  if (outside.length > steps.length) return false
  return outside.every((step, index) => step === steps[index] || step === '*' || steps[index] === '*')
}
