import { isDeepStrictEqual } from 'node:util'
import { opened } from '../document.ts'
import { alternativesOf } from './alternatives.ts'
import { compareArrays } from './arrays.ts'
import type { Difference, Pair, Place, Rule } from './difference.ts'
import { disjoint } from './disjoint.ts'
import { type AnySchema, type Keywords, keywordsOf, never, type Node, nodeOf, target, typesOf } from './node.ts'
import { compareObjects } from './objects.ts'
import { compareNumbers, compareStrings, compareValues } from './scalars.ts'

export interface Reading {
  /**
   * How people write and read events: the writer writes no property that its schema does not name, and the reader passes over those
   * it does not know. Without it, both schemas are taken at their word.
   */
  readonly lenient?: boolean
}

/** Places looked into one inside the other, at most; what lies deeper counts as different. */
const deepest = 100

/** Everything for which a value that the writer's schema takes might not be taken by the reader's. None: each value is. */
export function differences(writer: AnySchema, reader: AnySchema, { lenient = false }: Reading = {}): Difference[] {
  const read = lenient ? opened(reader) : reader
  const busy = new Set<string>()
  const pair: Pair = {
    writer,
    reader: read,
    writesOnlyNamed: lenient,
    compare(written, schema, at) {
      if (!isNode(written) && same(pair, written, schema)) return []
      const node = isNode(written) ? written : nodeOf(written, writer)
      if (node === never) return []
      // A schema that holds itself is compared with the assumption that it fits: any value ends somewhere.
      const key = JSON.stringify([node.is, node.from, schema])
      if (busy.has(key)) return []
      if (busy.size >= deepest) return [{ rule: 'COMBINED_TYPE_CHANGED', at }]
      busy.add(key)
      const found = gathered(
        at,
        alternativesOf(node, writer).map((one) => against(pair, one, schema, at)),
      )
      busy.delete(key)
      return found
    },
  }
  return pair.compare(writer, read, '')
}

function isNode(written: AnySchema | Node): written is Node {
  return typeof written === 'object' && Array.isArray(written.from) && 'is' in written
}

/** Equal schemas whose references, if there are any, lead to equal places. */
function same({ writer, reader, writesOnlyNamed }: Pair, written: AnySchema, read: AnySchema): boolean {
  if (writesOnlyNamed || !isDeepStrictEqual(written, read)) return false
  return isDeepStrictEqual(writer, reader) || !JSON.stringify(written).includes('"$ref"')
}

/** Differences of all alternatives, each once. A type that is taken in some of them was narrowed, not changed. */
function gathered(at: string, results: readonly Difference[][]): Difference[] {
  const some = results.some((found) => found.length === 0)
  const seen = new Map<string, Difference>()
  for (const found of results.flat()) {
    const one: Difference =
      some && found.at === at && found.rule === 'TYPE_CHANGED' ? { ...found, rule: 'TYPE_NARROWED' } : found
    const key = `${one.rule} ${one.at}`
    if (!seen.has(key)) seen.set(key, one)
  }
  return [...seen.values()]
}

/** One alternative of the writer against a schema of the reader: each of its conjuncts must take it. */
function against(pair: Pair, written: Node, schema: AnySchema, at: string): Difference[] {
  const keywords = keywordsOf(schema)
  if (keywords === never) return [{ rule: 'TYPE_CHANGED', at, written: written.is.type }]
  const { $ref, allOf = [], anyOf, oneOf, ...read } = keywords
  const place: Place = { pair, written, read, at }
  const found = allOf.flatMap((one) => pair.compare(written, one, at))
  if ($ref !== undefined) {
    const referred = target($ref, pair.reader)
    found.push(
      ...(referred === undefined
        ? [{ rule: 'COMBINED_TYPE_CHANGED' as const, at }]
        : pair.compare(written, referred, at)),
    )
  }
  if (anyOf !== undefined) found.push(...compareUnion(place, anyOf, false))
  if (oneOf !== undefined) found.push(...compareUnion(place, oneOf, true))
  return [...found, ...compareKeywords(place)]
}

function compareUnion({ pair, written, at }: Place, schemas: readonly AnySchema[], exclusive: boolean): Difference[] {
  const results = schemas.map((schema) => pair.compare(written, schema, at))
  const fits = results.findIndex((found) => found.length === 0)
  const near = schemas.flatMap((schema, index) => (disjoint(written, pair.writer, schema, pair.reader) ? [] : [index]))
  if (fits >= 0 && (!exclusive || near.every((index) => index === fits))) return []
  // Of the alternatives, the one that is meant: of its type, and with its discriminator.
  const meant = results.filter((found) => !found.some((one) => one.rule === 'ENUM_ARRAY_NARROWED' || one.at === at))
  if (fits < 0 && meant.length === 1) return meant[0]!
  return [{ rule: 'SUM_TYPE_NARROWED', at, written: written.is.const ?? written.is.type }]
}

function compareKeywords(place: Place): Difference[] {
  const { written, read, at } = place
  const type = typesOf(written.is)![0]!
  const taken = typesOf(read)
  if (taken !== undefined && !takes(taken, type, written.is)) {
    const narrowed = type === 'number' && taken.includes('integer')
    return [{ rule: narrowed ? 'TYPE_NARROWED' : 'TYPE_CHANGED', at, written: type, read: read.type }]
  }
  return [...compareValues(place), ...compareOpaque(place), ...compareByType(place, type)]
}

function takes(taken: readonly string[], type: string, written: Keywords): boolean {
  if (taken.includes(type)) return true
  if (type === 'integer') return taken.includes('number')
  return type === 'number' && taken.includes('integer') && Number.isInteger(written.multipleOf)
}

function compareByType(place: Place, type: string): Difference[] {
  if (type === 'object') return compareObjects(place)
  if (type === 'array') return compareArrays(place)
  if (type === 'string') return compareStrings(place)
  return type === 'number' || type === 'integer' ? compareNumbers(place) : []
}

/** Keywords that are not looked into: the writer must say the very same. */
const opaque: readonly { readonly keywords: readonly string[]; readonly rule: Rule }[] = [
  { keywords: ['not'], rule: 'NOT_TYPE_EXTENDED' },
  { keywords: ['if', 'then', 'else'], rule: 'COMBINED_TYPE_CHANGED' },
  { keywords: ['contains', 'minContains', 'maxContains'], rule: 'MIN_CONTAINS_ADDED' },
  { keywords: ['dependentSchemas'], rule: 'DEPENDENCY_SCHEMA_ADDED' },
  { keywords: ['unevaluatedProperties'], rule: 'UNEVALUATED_PROPERTIES_REMOVED' },
  { keywords: ['unevaluatedItems'], rule: 'UNEVALUATED_ITEMS_REMOVED' },
  { keywords: ['$dynamicRef'], rule: 'COMBINED_TYPE_CHANGED' },
]

function compareOpaque({ pair, written, read, at }: Place): Difference[] {
  return opaque.flatMap(({ keywords, rule }) => {
    const said = pick(read, keywords)
    if (said[keywords[0]!] === undefined) return []
    if (keywords[0] === 'not' && disjoint(written, pair.writer, read.not!, pair.reader)) return []
    // What is unevaluated depends on the keywords beside it, so equal words are not enough.
    const equal =
      !rule.startsWith('UNEVALUATED') && written.from.some((one) => isDeepStrictEqual(pick(one, keywords), said))
    if (equal && (!JSON.stringify(said).includes('"$ref"') || isDeepStrictEqual(pair.writer, pair.reader))) return []
    return [{ rule, at, read: said }]
  })
}

function pick(from: Keywords, names: readonly string[]): Keywords {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]))
}
