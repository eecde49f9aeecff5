import type { JsonSchema } from './schema.ts'
import { parseStrict } from './strict-json.ts'

/** A field of a HAL-FORMS template. `textarea` holds JSON where the schema wants an object or a list. */
export interface Field {
  readonly name: string
  readonly type: 'text' | 'number' | 'checkbox' | 'hidden' | 'email' | 'url' | 'date' | 'time' | 'textarea'
  readonly required: boolean
  readonly prompt?: string
  readonly placeholder?: string
  readonly value?: unknown
  readonly min?: number
  readonly max?: number
  readonly step?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly regex?: string
  readonly options?: { readonly inline: readonly unknown[] }
}

/** Fields with which an HTML form says what programs say in headers. */
export const KEY_FIELD = '_idempotencyKey'
export const VERSION_FIELD = '_ifMatch'

interface Property {
  readonly name: string
  readonly schema: JsonSchema
  readonly required: boolean
}

/** The fields with which a person or a program can fill in what a JSON Schema describes. */
export function fieldsOf(schema: JsonSchema | undefined): Field[] {
  return schema === undefined ? [] : propertiesOf(schema).map(fieldOf)
}

/** What a form's text means under a JSON Schema. What cannot be read as the wanted type stays text, for the schema to refuse. */
export function inputOf(
  fields: ReadonlyMap<string, readonly string[]>,
  schema: JsonSchema | undefined,
): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  const properties = new Map((schema === undefined ? [] : propertiesOf(schema)).map((one) => [one.name, one]))
  for (const { name, schema: wanted, required } of properties.values()) {
    const value = valueOf(fields.get(name), typeOf(wanted), required)
    if (value !== undefined) input[name] = value
  }
  for (const [name, texts] of fields) {
    if (!properties.has(name) && name !== KEY_FIELD && name !== VERSION_FIELD) input[name] = texts[0]
  }
  return input
}

function valueOf(texts: readonly string[] | undefined, type: string, required: boolean): unknown {
  const text = texts?.at(-1)
  // An unticked box is not sent at all.
  if (type === 'boolean') return text === undefined ? (required ? false : undefined) : boolean(text)
  if (texts === undefined || text === undefined || (text === '' && !(required && type === 'string'))) return undefined
  if (type === 'integer' || type === 'number')
    return /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text
  if (type === 'array' && (texts.length > 1 || !text.trimStart().startsWith('['))) return texts
  if (type !== 'object' && type !== 'array') return text
  const parsed = parseStrict(text)
  return parsed.kind === 'json' ? parsed.value : text
}

const boolean = (text: string): boolean | string =>
  text === 'true' || text === 'on' ? true : text === 'false' || text === '' ? false : text

function fieldOf({ name, schema, required }: Property): Field {
  const { title, description, default: byDefault, enum: choices } = schema
  const fixed = 'const' in schema
  const type = fixed ? 'hidden' : fieldType(schema)
  return {
    name,
    type,
    required,
    ...(typeof title === 'string' && { prompt: title }),
    ...(typeof description === 'string' && { placeholder: description }),
    ...(byDefault !== undefined && { value: byDefault }),
    ...(fixed && { value: schema['const'] }),
    ...(Array.isArray(choices) && { options: { inline: choices } }),
    ...(type === 'number' ? numeric(schema) : type === 'text' ? textual(schema) : {}),
  }
}

function numeric(schema: JsonSchema) {
  const { minimum, maximum } = schema
  const safe = (value: unknown): value is number =>
    typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER
  return {
    ...(safe(minimum) && { min: minimum }),
    ...(safe(maximum) && { max: maximum }),
    ...(typeOf(schema) === 'integer' && { step: 1 }),
  }
}

function textual({ minLength, maxLength, pattern }: JsonSchema) {
  return {
    ...(typeof minLength === 'number' && { minLength }),
    ...(typeof maxLength === 'number' && { maxLength }),
    ...(typeof pattern === 'string' && { regex: pattern }),
  }
}

const FORMATS: Readonly<Record<string, Field['type']>> = { email: 'email', uri: 'url', date: 'date' }

function fieldType(schema: JsonSchema): Field['type'] {
  const type = typeOf(schema)
  if (type === 'integer' || type === 'number') return 'number'
  if (type === 'boolean') return 'checkbox'
  if (type === 'object' || type === 'array') return 'textarea'
  return FORMATS[String(schema['format'])] ?? 'text'
}

function typeOf(schema: JsonSchema): string {
  const type = schema['type']
  if (Array.isArray(type)) return (type as string[]).find((one) => one !== 'null') ?? 'string'
  if (typeof type === 'string') return type
  const first = [schema['const'], ...((schema['enum'] as unknown[] | undefined) ?? [])].find((one) => one !== undefined)
  if (first === undefined) return 'string'
  return Array.isArray(first) ? 'array' : typeof first
}

/** Properties of an object schema; of a union those of all its branches, required where all of them ask. */
function propertiesOf(schema: JsonSchema, root: JsonSchema = schema): Property[] {
  const own = Object.entries((schema['properties'] as Record<string, JsonSchema> | undefined) ?? {})
  const required = (schema['required'] as string[] | undefined) ?? []
  const found = new Map(
    own.map(([name, inner]) => [name, { name, schema: settled(inner, root), required: required.includes(name) }]),
  )
  const branches = ((schema['anyOf'] ?? schema['oneOf'] ?? []) as JsonSchema[]).map((one) =>
    propertiesOf(settled(one, root), root),
  )
  for (const property of branches.flat()) {
    const everywhere = branches.every((branch) =>
      branch.some(({ name, required }) => name === property.name && required),
    )
    const before = found.get(property.name)
    found.set(property.name, { ...property, schema: unite(before?.schema, property.schema), required: everywhere })
  }
  for (const part of (schema['allOf'] as JsonSchema[] | undefined) ?? []) {
    for (const property of propertiesOf(settled(part, root), root)) found.set(property.name, property)
  }
  return [...found.values()]
}

/** A tag of a union is one of the tags. */
function unite(before: JsonSchema | undefined, next: JsonSchema): JsonSchema {
  if (before === undefined) return next
  const choices = [before, next].flatMap((one) =>
    'const' in one ? [one['const']] : ((one['enum'] as unknown[]) ?? []),
  )
  return choices.length > 0 ? { enum: [...new Set(choices)] } : before
}

/** Follows a local reference; takes the one kind out of "this or null". */
function settled(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const reference = schema['$ref']
  if (typeof reference === 'string' && reference.startsWith('#/')) {
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], root)
    return target === undefined ? {} : { ...(target as JsonSchema), ...schema, $ref: undefined }
  }
  const kinds = ((schema['anyOf'] ?? []) as JsonSchema[]).filter((one) => one['type'] !== 'null')
  return kinds.length === 1 ? { ...settled(kinds[0]!, root), ...schema, anyOf: undefined } : schema
}
