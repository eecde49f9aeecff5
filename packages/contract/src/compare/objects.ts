import { type Difference, type Place, step } from './difference.ts'
import { all, type AnySchema, type Keywords, nodeOf, never, schemasFor } from './node.ts'
import { compareBound } from './scalars.ts'

export function compareObjects(place: Place): Difference[] {
  const named = namesOf(place.written.is)
  return [
    ...compareProperties(place),
    ...compareRest(place),
    ...compareRequired(place),
    ...compareDependent(place),
    ...compareNames(place),
    ...compareBound(place, 'minProperties', 'MIN_PROPERTIES', place.written.is.required?.length ?? 0),
    ...compareBound(place, 'maxProperties', 'MAX_PROPERTIES', restOf(place) === false ? named.length : undefined),
  ]
}

const namesOf = ({ properties = {} }: Keywords) => Object.keys(properties)
const patternsOf = ({ patternProperties = {} }: Keywords) => Object.entries(patternProperties)

/** What the writer's further properties may be: those that it neither names nor knows by a pattern. */
function restOf({ pair, written: { is } }: Place): AnySchema {
  return is.additionalProperties ?? (pair.writesOnlyNamed && is.properties !== undefined ? false : true)
}

/** Schema of a property as it is written; false when it never is. */
function writtenAs(place: Place, name: string): AnySchema {
  const { is } = place.written
  return all(schemasFor({ ...is, additionalProperties: restOf(place) }, name))
}

function isNever(place: Place, schema: AnySchema): boolean {
  return nodeOf(schema, place.pair.writer) === never
}

function compareProperties(place: Place): Difference[] {
  const { pair, written, read, at } = place
  const names = new Set([...namesOf(written.is), ...namesOf(read)])
  return [...names].flatMap((name) => {
    const schema = writtenAs(place, name)
    if (isNever(place, schema)) return []
    const found = schemasFor(read, name).flatMap((one) => pair.compare(schema, one, step(at, name)))
    return found.length === 0 ? [] : propertyDifferences(place, name, found)
  })
}

/** The difference in a property's own terms where both name it; else that one side does not know it. */
function propertyDifferences(place: Place, name: string, found: Difference[]): Difference[] {
  const { written, read } = place
  const at = step(place.at, name)
  if (!namesOf(read).includes(name)) {
    const covered = schemasFor(read, name).some((schema) => schema !== false)
    return covered
      ? [{ rule: 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', at }, ...found]
      : [{ rule: 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL', at, written: written.is.properties?.[name] }]
  }
  if (namesOf(written.is).includes(name)) return found
  if (writtenAs(place, name) !== true)
    return [{ rule: 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', at }, ...found]
  const required = read.required?.includes(name) === true
  return [{ rule: `${required ? 'REQUIRED' : 'OPTIONAL'}_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL`, at }]
}

/** Properties that no side names: those of patterns, and all the rest. */
function compareRest(place: Place): Difference[] {
  const { pair, written, read } = place
  const at = step(place.at, '*')
  const rest = restOf(place)
  const found: Difference[] = []
  const readPatterns = patternsOf(read)
  for (const [pattern, schema] of patternsOf(written.is)) {
    const same = readPatterns.some(([other]) => other === pattern)
    const others = [...readPatterns.map(([, one]) => one), ...(same ? [] : [read.additionalProperties ?? true])]
    found.push(...others.flatMap((other) => pair.compare(schema, other, at)))
  }
  if (isNever(place, rest)) return found
  const known = new Set(patternsOf(written.is).map(([pattern]) => pattern))
  for (const [pattern, schema] of readPatterns) if (!known.has(pattern)) found.push(...pair.compare(rest, schema, at))
  return [...found, ...compareAdditional(place, rest, at)]
}

function compareAdditional({ pair, read }: Place, rest: AnySchema, at: string): Difference[] {
  const taken = read.additionalProperties ?? true
  if (taken === false) return [{ rule: 'ADDITIONAL_PROPERTIES_REMOVED', at }]
  const found = pair.compare(rest, taken, at)
  return rest === true && found.length > 0 ? [{ rule: 'ADDITIONAL_PROPERTIES_NARROWED', at, read: taken }] : found
}

function compareRequired(place: Place): Difference[] {
  const { written, read, at } = place
  const missing = (read.required ?? []).filter((name) => written.is.required?.includes(name) !== true)
  return missing.map((name): Difference => {
    const added = !namesOf(written.is).includes(name)
    const open = writtenAs(place, name) === true
    const rule = added
      ? (`REQUIRED_PROPERTY_ADDED_TO_${open ? 'OPEN' : 'UNOPEN'}_CONTENT_MODEL` as const)
      : 'REQUIRED_ATTRIBUTE_ADDED'
    return { rule, at: step(at, name), read: read.properties?.[name] }
  })
}

function compareDependent(place: Place): Difference[] {
  const { written, read, at } = place
  return Object.entries(read.dependentRequired ?? {}).flatMap(([name, needed]) => {
    const sure = [...(written.is.required ?? []), ...(written.is.dependentRequired?.[name] ?? []), name]
    const kept = needed.every((one) => sure.includes(one)) || isNever(place, writtenAs(place, name))
    return kept ? [] : [{ rule: 'DEPENDENCY_ARRAY_ADDED' as const, at: step(at, name), read: needed }]
  })
}

function compareNames(place: Place): Difference[] {
  const { pair, written, read, at } = place
  if (read.propertyNames === undefined) return []
  const closed = restOf(place) === false && patternsOf(written.is).length === 0
  const names = closed
    ? { enum: namesOf(written.is) }
    : all([{ type: 'string' }, ...(written.is.propertyNames === undefined ? [] : [written.is.propertyNames])])
  if (pair.compare(names, read.propertyNames, at).length === 0) return []
  return [{ rule: 'PROPERTY_NAMES_NARROWED', at, read: read.propertyNames }]
}
