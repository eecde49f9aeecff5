import type { JsonSchema } from './schema.ts'

const deepest = 12

const scalars = new Map([
  ['string', 'z.string()'],
  ['number', 'z.number()'],
  ['integer', 'z.int()'],
  ['boolean', 'z.boolean()'],
  ['null', 'z.null()'],
])

/**
 * Code of a zod schema that takes what a JSON Schema takes, or more: patterns, formats and bounds are the owner's to keep, and a
 * reader passes over fields it does not know.
 */
export function zodOf(schema: unknown, root: JsonSchema, indent: string, depth = 0): string {
  if (schema === false) return 'z.never()'
  if (typeof schema !== 'object' || schema === null || depth > deepest) return 'z.unknown()'
  const { $ref, enum: values, anyOf, oneOf, allOf, type } = schema as Record<string, any>
  const inner = (one: unknown) => zodOf(one, root, indent, depth + 1)
  if (typeof $ref === 'string') return inner(referred($ref, root))
  if ('const' in schema) return literals([schema.const])
  if (values !== undefined) return literals(values)
  const union = anyOf ?? oneOf
  if (union !== undefined) return unionOf(union.map(inner))
  if (allOf !== undefined) return allOf.map(inner).reduce((a: string, b: string) => `z.intersection(${a}, ${b})`)
  const types: string[] = [type ?? []].flat()
  return types.length === 0 ? 'z.unknown()' : unionOf(types.map((one) => ofType(one, schema, root, indent, depth)))
}

function literals(values: readonly unknown[]): string {
  if (values.some((value) => typeof value === 'object' && value !== null)) return 'z.unknown()'
  if (values.length > 1 && values.every((value) => typeof value === 'string'))
    return `z.enum(${JSON.stringify(values)})`
  return values.length === 1 ? `z.literal(${JSON.stringify(values[0])})` : `z.literal(${JSON.stringify(values)})`
}

function unionOf(schemas: readonly string[]): string {
  const others = [...new Set(schemas)].filter((one) => one !== 'z.null()')
  if (others.length === 0) return 'z.null()'
  const taken = others.length === 1 ? others[0]! : `z.union([${others.join(', ')}])`
  return others.length < new Set(schemas).size ? `${taken}.nullable()` : taken
}

function ofType(type: string, schema: Record<string, any>, root: JsonSchema, indent: string, depth: number): string {
  if (type === 'object') return objectOf(schema, root, indent, depth)
  if (type !== 'array') return scalars.get(type) ?? 'z.unknown()'
  const inner = (one: unknown) => zodOf(one, root, indent, depth + 1)
  const { prefixItems, items } = schema
  if (prefixItems === undefined) return `z.array(${inner(items ?? true)})`
  const rest = items === false || items === undefined ? '' : `, ${inner(items)}`
  return `z.tuple([${prefixItems.map(inner).join(', ')}]${rest})`
}

function objectOf(schema: Record<string, any>, root: JsonSchema, indent: string, depth: number): string {
  const { properties = {}, required = [], additionalProperties } = schema
  const names = Object.keys(properties)
  const deeper = `${indent}  `
  const inner = (one: unknown) => zodOf(one, root, deeper, depth + 1)
  if (names.length === 0)
    return additionalProperties === undefined
      ? 'z.looseObject({})'
      : `z.record(z.string(), ${inner(additionalProperties)})`
  const lines = names.map((name) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
    return `${deeper}${key}: ${inner(properties[name])}${required.includes(name) ? '' : '.optional()'},`
  })
  return `z.looseObject({\n${lines.join('\n')}\n${indent}})`
}

function referred(ref: string, root: JsonSchema): unknown {
  const path = ref.split('/').slice(1)
  return path.reduce<any>((value, key) => value?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], root)
}
