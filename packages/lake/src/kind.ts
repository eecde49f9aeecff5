import type { JsonSchema } from '@headwater/contract'

/**
 * The type of a payload field, written as DuckDB's `from_json` takes it: the name of a scalar type, `[item]` for a list,
 * `{ field: kind }` for an object. VARCHAR holds whatever is not the same everywhere: text as itself, the rest as JSON text.
 */
export type Kind = Scalar | readonly [Kind] | { readonly [field: string]: Kind }
export type Scalar = 'BIGINT' | 'DOUBLE' | 'BOOLEAN' | 'VARCHAR' | 'TIMESTAMP' | 'DATE'

/** Objects wider or deeper than this are dictionaries, not records: they stay JSON text. */
const MOST_FIELDS = 64
const MOST_DEPTH = 4

/** The kind of a value; undefined for null, an empty list or an empty object, which say nothing. */
export function kindOf(value: unknown, depth = 0): Kind | undefined {
  switch (typeof value) {
    case 'string':
      return 'VARCHAR'
    case 'boolean':
      return 'BOOLEAN'
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? 'BIGINT' : 'DOUBLE'
    case 'object':
      return value === null ? undefined : compoundOf(value, depth)
    default:
      return undefined
  }
}

function compoundOf(value: object, depth: number): Kind | undefined {
  if (depth >= MOST_DEPTH) return 'VARCHAR'
  if (Array.isArray(value)) {
    let item: Kind | undefined
    for (const element of value) item = either(item, kindOf(element, depth + 1))
    return item === undefined ? undefined : [item]
  }
  // Sealed: a person's field, which only its owner opens.
  if ('sealed' in value) return 'VARCHAR'
  const fields: Record<string, Kind> = {}
  for (const [name, field] of Object.entries(value)) {
    const kind = kindOf(field, depth + 1)
    if (kind !== undefined) fields[name] = kind
  }
  return record(fields)
}

/** The narrowest kind that holds both. */
export function either(a: Kind | undefined, b: Kind | undefined): Kind | undefined {
  if (a === b || b === undefined) return a
  if (a === undefined) return b
  if (isList(a) && isList(b)) return [either(a[0], b[0])!]
  if (isRecord(a) && isRecord(b)) {
    const fields: Record<string, Kind> = { ...a }
    for (const [name, kind] of Object.entries(b)) fields[name] = either(fields[name], kind)!
    return record(fields)
  }
  const pair = [a, b]
  if (pair.includes('DOUBLE') && pair.includes('BIGINT')) return 'DOUBLE'
  return 'VARCHAR'
}

/** What a declared field holds in truth: as declared when all seen values fit, else what holds both. */
export function reconcile(declared: Kind | undefined, seen: Kind | undefined): Kind | undefined {
  if ((declared === 'TIMESTAMP' || declared === 'DATE') && seen === 'VARCHAR') return declared
  return either(declared, seen)
}

/** DuckDB and JSON readers fold the case of names, so an object with two names that differ in case only stays text. */
function record(fields: Record<string, Kind>): Kind | undefined {
  const names = Object.keys(fields)
  if (names.length === 0) return undefined
  const folded = new Set(names.map((name) => name.toLowerCase()))
  return names.length > MOST_FIELDS || folded.size < names.length || names.some((name) => !nameable(name))
    ? 'VARCHAR'
    : fields
}

/** Names a Delta table may carry without column mapping. */
export function nameable(name: string): boolean {
  return name !== '' && !/[ ,;{}()\n\t=]/.test(name)
}

export function isList(kind: Kind): kind is readonly [Kind] {
  return Array.isArray(kind)
}

export function isRecord(kind: Kind): kind is { readonly [field: string]: Kind } {
  return typeof kind === 'object' && !Array.isArray(kind)
}

export function sameKind(a: Kind, b: Kind): boolean {
  return sqlType(a) === sqlType(b)
}

/** DuckDB's name of a kind. */
export function sqlType(kind: Kind): string {
  if (isList(kind)) return `${sqlType(kind[0])}[]`
  if (!isRecord(kind)) return kind
  return `STRUCT(${Object.entries(kind)
    .map(([name, field]) => `"${name.replaceAll('"', '""')}" ${sqlType(field)}`)
    .join(', ')})`
}

/** The kinds of a declared payload's fields. `personal` fields are sealed, whatever their schema says of the opened value. */
export function declaredKinds(schema: JsonSchema, personal: readonly string[]): Map<string, Kind> {
  const kinds = new Map<string, Kind>()
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)) {
    kinds.set(name, personal.includes(name) ? 'VARCHAR' : (kindOfSchema(property, schema, 1) ?? 'VARCHAR'))
  }
  return kinds
}

/** Undefined: the schema allows null alone. */
function kindOfSchema(schema: JsonSchema, root: JsonSchema, depth: number): Kind | undefined {
  if (depth > MOST_DEPTH) return 'VARCHAR'
  if (typeof schema.$ref === 'string') {
    const target = referred(schema.$ref, root)
    return target === undefined ? 'VARCHAR' : kindOfSchema(target, root, depth + 1)
  }
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined
  if (choices !== undefined)
    return choices.map((choice) => kindOfSchema(choice, root, depth)).reduce((a, b) => either(a, b), undefined)
  if (Array.isArray(schema.type))
    return schema.type
      .map((type: string) => kindOfSchema({ ...schema, type }, root, depth))
      .reduce((a: Kind | undefined, b) => either(a, b), undefined)
  const values = (schema.enum as unknown[] | undefined) ?? ('const' in schema ? [schema.const] : undefined)
  if (schema.type === undefined && values !== undefined)
    return values.map((value) => kindOf(value)).reduce((a, b) => either(a, b), undefined)
  return kindOfType(schema, root, depth)
}

function kindOfType(schema: JsonSchema, root: JsonSchema, depth: number): Kind | undefined {
  switch (schema.type) {
    case 'null':
      return undefined
    case 'integer':
      return 'BIGINT'
    case 'number':
      return 'DOUBLE'
    case 'boolean':
      return 'BOOLEAN'
    case 'string':
      // Times inside of other values stay text: only a field of its own is read with its offset.
      if (depth > 1) return 'VARCHAR'
      return schema.format === 'date-time' ? 'TIMESTAMP' : schema.format === 'date' ? 'DATE' : 'VARCHAR'
    case 'array': {
      const item = kindOfSchema((schema.items ?? {}) as JsonSchema, root, depth + 1)
      return item === undefined ? 'VARCHAR' : [item]
    }
    case 'object': {
      const fields: Record<string, Kind> = {}
      for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>))
        fields[name] = kindOfSchema(property, root, depth + 1) ?? 'VARCHAR'
      return record(fields) ?? 'VARCHAR'
    }
    default:
      return 'VARCHAR'
  }
}

function referred(ref: string, root: JsonSchema): JsonSchema | undefined {
  if (!ref.startsWith('#')) return undefined
  let at: unknown = root
  for (const part of ref.slice(1).split('/').filter(Boolean))
    at = (at as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  return at as JsonSchema | undefined
}
