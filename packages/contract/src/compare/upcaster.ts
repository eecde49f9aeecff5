import type { Difference } from './difference.ts'

/** Code that would make the two forms fit: an upcaster for stored data, a mapping for readers. */
export function suggestUpcaster(differences: readonly Difference[], direction: 'backward' | 'forward'): string {
  const lines = (added: boolean) => [
    ...new Set(differences.filter(({ rule }) => isAdded(rule) === added).map((one) => lineOf(one))),
  ]
  // What is new stands first: what is there already wins, and V8 builds it several times faster.
  const body = `(data) => ({ ${[...lines(true), '...data', ...lines(false)].join(', ')} })`
  return direction === 'backward'
    ? `upcast: { n: ${body} } // and version: n + 1`
    : `published: { n: { data: …, from: ${body} } }`
}

const isAdded = (rule: string) => rule.startsWith('REQUIRED')

/** What the mapping does to the field that a difference is about. */
function lineOf({ rule, at, written, read }: Difference): string {
  const path = at.split('/').slice(1)
  const field = path[0] ?? ''
  const key = /^[A-Za-z_$][\w$]*$/.test(field) ? field : JSON.stringify(field)
  const value = /^[A-Za-z_$][\w$]*$/.test(field) ? `data.${field}` : `data[${JSON.stringify(field)}]`
  if (path.length !== 1) return `/* ${rule} ${at} */`
  if (isAdded(rule)) return `${key}: ${standIn(read)}`
  if (rule.startsWith('PROPERTY_REMOVED')) return `${key}: undefined`
  const to = typeof read === 'string' ? conversions[`${String(written)} ${read}`] : undefined
  return to === undefined ? `${key}: /* ${rule} */ ${value}` : `${key}: ${to(value)}`
}

const conversions: Readonly<Record<string, (value: string) => string>> = {
  'number integer': (value) => `Math.round(${value})`,
  'number string': (value) => `String(${value})`,
  'integer string': (value) => `String(${value})`,
  'string number': (value) => `Number(${value})`,
  'string integer': (value) => `Number.parseInt(${value}, 10)`,
  'boolean string': (value) => `String(${value})`,
  'null string': (value) => `${value} ?? ''`,
}

/** A value for a field that was not there: its default, its only value, or what stands for nothing in its type. */
function standIn(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null) return '/* what it was before */ null'
  const { default: otherwise, const: only, enum: values, type } = schema as Record<string, any>
  if (otherwise !== undefined) return JSON.stringify(otherwise)
  if (only !== undefined) return JSON.stringify(only)
  const nothing = { string: `''`, integer: '0', number: '0', boolean: 'false', array: '[]', object: '{}' }[String(type)]
  return `/* what it was before */ ${values === undefined ? (nothing ?? 'null') : JSON.stringify(values[0])}`
}
