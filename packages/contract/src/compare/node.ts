import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from '../schema.ts'

/** Any JSON Schema: `true` takes every value, `false` none. */
export type AnySchema = JsonSchema | boolean

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object'

/** Keywords of JSON Schema 2020-12 that decide which values are taken. */
export interface Keywords {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, AnySchema>>
  readonly type?: JsonType | readonly JsonType[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly properties?: Readonly<Record<string, AnySchema>>
  readonly patternProperties?: Readonly<Record<string, AnySchema>>
  readonly additionalProperties?: AnySchema
  readonly propertyNames?: AnySchema
  readonly required?: readonly string[]
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly prefixItems?: readonly AnySchema[]
  readonly items?: AnySchema
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly allOf?: readonly AnySchema[]
  readonly anyOf?: readonly AnySchema[]
  readonly oneOf?: readonly AnySchema[]
  readonly not?: AnySchema
  readonly [keyword: string]: unknown
}

/** A schema without references and `allOf`: one set of keywords, perhaps wider than what it was made from, and all it was made from. */
export interface Node {
  readonly is: Keywords
  readonly from: readonly Keywords[]
}

/** Takes no value. */
export const never = 'never'

export function keywordsOf(schema: AnySchema): Keywords | typeof never {
  if (schema === true) return {}
  return schema === false ? never : (schema as Keywords)
}

/** Where a `$ref` leads; undefined when it leaves the document, or names an anchor in it, which is not looked for. */
export function target(ref: string, root: AnySchema): AnySchema | undefined {
  if (!/^#(\/([^%]|%[\da-f]{2})*)?$/i.test(ref)) return undefined
  let found: unknown = root
  for (const part of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined
    found = (found as Record<string, unknown>)[key]
  }
  return found as AnySchema
}

/** References followed one after the other at most: a schema that says nothing but itself takes anything. */
const deepest = 50

/** A schema as one node. Where conjuncts cannot be said together, the node is wider than they are, never narrower. */
export function nodeOf(schema: AnySchema, root: AnySchema, depth = 0): Node | typeof never {
  const keywords = keywordsOf(schema)
  if (keywords === never) return never
  if (depth > deepest) return { is: {}, from: [] }
  const { $ref, allOf, ...rest } = keywords
  const referred = $ref === undefined ? undefined : target($ref, root)
  const conjuncts = [...(allOf ?? []), ...(referred === undefined ? [] : [referred])]
  let node: Node | typeof never = { is: rest, from: [rest] }
  for (const conjunct of conjuncts) {
    const other = nodeOf(conjunct, root, depth + 1)
    if (other === never) return never
    node = both(node, other)
    if (node === never) return never
  }
  return node
}

/** Node of what both take. */
export function both(a: Node, b: Node): Node | typeof never {
  const from = [...a.from, ...b.from]
  if (Object.keys(a.is).length === 0) return { is: b.is, from }
  if (Object.keys(b.is).length === 0) return { is: a.is, from }
  const type = sharedTypes(a.is, b.is)
  const values = sharedValues(a.is, b.is)
  if (type?.length === 0 || values?.length === 0) return never
  const { const: _, enum: __, ...others } = { ...b.is, ...a.is }
  const is: Keywords = {
    ...others,
    ...(type === undefined ? {} : { type }),
    ...(values === undefined ? {} : { enum: values }),
    ...tighter(a.is, b.is),
    ...objectOf(a.is, b.is),
    ...arrayOf(a.is, b.is),
  }
  return { is, from }
}

/** Types a node takes; undefined for any. */
export function typesOf({ type }: Keywords): readonly JsonType[] | undefined {
  return typeof type === 'string' ? [type] : type
}

/** Values a node takes, where it names them. */
export function valuesOf(keywords: Keywords): readonly unknown[] | undefined {
  return 'const' in keywords ? [keywords.const] : keywords.enum
}

function sharedTypes(a: Keywords, b: Keywords): JsonType[] | undefined {
  const [left, right] = [typesOf(a), typesOf(b)]
  if (left === undefined || right === undefined) return (left ?? right)?.slice()
  const within = (one: JsonType, all: readonly JsonType[]) =>
    all.includes(one) || (one === 'integer' && all.includes('number'))
  return [...new Set([...left.filter((one) => within(one, right)), ...right.filter((one) => within(one, left))])]
}

function sharedValues(a: Keywords, b: Keywords): unknown[] | undefined {
  const [left, right] = [valuesOf(a), valuesOf(b)]
  if (left === undefined || right === undefined) return (left ?? right)?.slice()
  return left.filter((value) => right.some((other) => isDeepStrictEqual(value, other)))
}

const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']

function tighter(a: Keywords, b: Keywords): Keywords {
  const pick = (names: readonly string[], choose: (...values: number[]) => number) =>
    names.flatMap((name) => {
      const values = [a[name], b[name]].filter((value): value is number => typeof value === 'number')
      return values.length === 0 ? [] : [[name, choose(...values)] as const]
    })
  return Object.fromEntries([...pick(lowerBounds, Math.max), ...pick(upperBounds, Math.min)])
}

function objectOf(a: Keywords, b: Keywords): Keywords {
  const names = new Set([...Object.keys(a.properties ?? {}), ...Object.keys(b.properties ?? {})])
  const patterned = a.patternProperties !== undefined || b.patternProperties !== undefined
  const properties = [...names].map((name) => [name, all([...schemasFor(a, name), ...schemasFor(b, name)])])
  const required = [...new Set([...(a.required ?? []), ...(b.required ?? [])])]
  const namings = [a.propertyNames, b.propertyNames].filter((one) => one !== undefined)
  const rests = [a.additionalProperties, b.additionalProperties].filter((one) => one !== undefined)
  return {
    ...(a.properties === undefined && b.properties === undefined ? {} : { properties: Object.fromEntries(properties) }),
    ...(required.length === 0 ? {} : { required }),
    ...(namings.length === 0 ? {} : { propertyNames: all(namings) }),
    // Patterns of two schemas cross: said together they would be another schema. What is dropped only makes the node wider.
    ...(patterned ? { patternProperties: {}, additionalProperties: true } : {}),
    ...(patterned || rests.length === 0 ? {} : { additionalProperties: all(rests) }),
    dependentRequired: { ...b.dependentRequired, ...a.dependentRequired },
  }
}

function arrayOf(a: Keywords, b: Keywords): Keywords {
  const length = Math.max(a.prefixItems?.length ?? 0, b.prefixItems?.length ?? 0)
  const rests = [a.items, b.items].filter((one) => one !== undefined)
  return {
    ...(length === 0
      ? {}
      : { prefixItems: Array.from({ length }, (_, index) => all([itemAt(a, index), itemAt(b, index)])) }),
    ...(rests.length === 0 ? {} : { items: all(rests) }),
    ...(a.uniqueItems === true || b.uniqueItems === true ? { uniqueItems: true } : {}),
  }
}

/** Every schema that the value of a property must fit. */
export function schemasFor(keywords: Keywords, name: string): AnySchema[] {
  const { properties = {}, patternProperties = {}, additionalProperties = true } = keywords
  const found = Object.hasOwn(properties, name) ? [properties[name]!] : []
  for (const [pattern, schema] of Object.entries(patternProperties))
    if (new RegExp(pattern, 'u').test(name)) found.push(schema)
  return found.length === 0 ? [additionalProperties] : found
}

/** Schema of the element at an index. */
export function itemAt({ prefixItems = [], items = true }: Keywords, index: number): AnySchema {
  return prefixItems[index] ?? items
}

/** Schema of what fits all of some schemas. */
export function all(schemas: readonly AnySchema[]): AnySchema {
  const saying = schemas.filter((schema) => schema !== true)
  if (saying.includes(false)) return false
  return saying.length === 0 ? true : saying.length === 1 ? saying[0]! : { allOf: saying }
}
