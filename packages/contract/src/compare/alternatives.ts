import {
  type AnySchema,
  both,
  type JsonType,
  type Keywords,
  never,
  type Node,
  nodeOf,
  typesOf,
  valuesOf,
} from './node.ts'

const everyType: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object']

/** A node taken apart: nodes of one type or one value each, which together take at least what it takes. */
export function alternativesOf(node: Node, root: AnySchema, depth = 0): Node[] {
  const { anyOf, oneOf, ...rest } = node.is
  const union = anyOf ?? oneOf
  if (union !== undefined && depth < 20) {
    const base: Node = {
      is: { ...rest, ...(anyOf === undefined || oneOf === undefined ? {} : { oneOf }) },
      from: node.from,
    }
    return union.flatMap((schema) => {
      const one = nodeOf(schema, root)
      const joined = one === never ? never : both(base, one)
      return joined === never ? [] : alternativesOf(joined, root, depth + 1)
    })
  }
  const values = valuesOf(node.is)
  if (values !== undefined) return values.map((value) => constant(value, node))
  return (typesOf(node.is) ?? everyType).flatMap((type) => {
    if (type === 'null') return [constant(null, node)]
    if (type === 'boolean') return [constant(true, node), constant(false, node)]
    return [{ is: { ...rest, type }, from: node.from }]
  })
}

/** Node that takes one value; what it consists of is said as well, so that it can be held against any schema. */
function constant(value: unknown, { from }: Node): Node {
  return { is: { const: value, ...structure(value) }, from }
}

function structure(value: unknown): Keywords {
  if (value === null) return { type: 'null' }
  if (Array.isArray(value)) {
    const prefixItems = value.map((item) => ({ const: item }))
    return {
      type: 'array',
      prefixItems,
      items: false,
      minItems: value.length,
      maxItems: value.length,
      uniqueItems: distinct(value),
    }
  }
  switch (typeof value) {
    case 'boolean':
      return { type: 'boolean' }
    case 'number':
      return { type: Number.isInteger(value) ? 'integer' : 'number', minimum: value, maximum: value }
    case 'string': {
      const length = [...value].length // code points, as JSON Schema counts
      return { type: 'string', minLength: length, maxLength: length }
    }
    default: {
      const entries = Object.entries(value as object)
      const properties = Object.fromEntries(entries.map(([name, member]) => [name, { const: member }]))
      return { type: 'object', properties, required: entries.map(([name]) => name), additionalProperties: false }
    }
  }
}

function distinct(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size === values.length
}
