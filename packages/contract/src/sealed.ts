import { step } from './compare/difference.ts'
import { target } from './compare/node.ts'
import type { EventType, PublishedForm } from './events.ts'
import type { JsonSchema } from './schema.ts'

/** A sealed value as it travels: exactly this, and nothing beside it. */
const sealed = { type: 'object', properties: { sealed: { type: 'string' } }, required: ['sealed'] }

function isSealed(value: object): boolean {
  return typeof (value as { sealed?: unknown }).sealed === 'string' && Object.keys(value).length === 1
}

/** Personal fields of a published form: those of the data, unless it says what they are called there. */
export function personalOf({ personal = {} }: EventType, form?: Pick<PublishedForm<any>, 'personal'>): string[] {
  return Object.keys(form?.personal ?? personal)
}

/** Unions and references inside each other at one place. */
const deepest = 8

/** A schema whose personal fields travel sealed, in each of its forms, and open only to those who hold the person's key. */
export function sealedIn(schema: JsonSchema, personal: readonly string[], root = schema, depth = 0): JsonSchema {
  if (personal.length === 0 || typeof schema !== 'object' || depth > deepest) return schema
  const { $ref, ...said } = schema
  const inner = (one: unknown) => sealedIn(one as JsonSchema, personal, root, depth + 1)
  // The same schema may be referred to from where nothing is sealed.
  const referred = typeof $ref === 'string' ? target($ref, root) : undefined
  if (referred !== undefined) return { ...said, ...inner(referred) }
  const forms = ['anyOf', 'oneOf', 'allOf'].flatMap((name) =>
    Array.isArray(schema[name]) ? [[name, (schema[name] as unknown[]).map(inner)]] : [],
  )
  const properties = Object.entries((schema.properties ?? {}) as object).map(([name, field]) => [
    name,
    personal.includes(name) ? { anyOf: [field, sealed] } : field,
  ])
  return {
    ...schema,
    ...Object.fromEntries(forms),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
  }
}

/**
 * What a published form shows of stored data of the present version. Throws where a sealed value comes to a place that is not said to
 * be personal: its readers are told of an open one there.
 */
export function shownBy(type: EventType, form: PublishedForm<any>): (data: unknown) => unknown {
  if (type.personal === undefined) return form.from
  const personal = personalOf(type, form)
  return (data) => {
    const shown = form.from(data)
    const at = sealedAt(shown, personal)
    if (at === undefined) return shown
    throw new Error(
      `Expected sealed values in fields called personal, got one at ${at || '/'}. Say what the field is called: personal: { <published field>: '<field of its person>' }, beside from`,
    )
  }
}

/** JSON Pointer of a sealed value, of those that lie elsewhere than in the fields named. */
function sealedAt(value: unknown, allowed: readonly string[] = []): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (isSealed(value)) return ''
  for (const [name, member] of Object.entries(value)) {
    const inside = sealedAt(member)
    if (inside !== undefined && !(inside === '' && allowed.includes(name))) return `${step('', name)}${inside}`
  }
  return undefined
}
