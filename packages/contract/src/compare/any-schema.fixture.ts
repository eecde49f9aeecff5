import fc from 'fast-check'
import type { AnySchema, JsonType } from './node.ts'

const text = fc.constantFrom('', 'a', 'b', 'ab', 'abc', '💧')
const whole = fc.integer({ min: -3, max: 6 })
const scalar = fc.oneof(text, whole, fc.constantFrom(1.5, 0.5, null, true, false))
const name = fc.constantFrom('a', 'b', 'c', 'xa', 'a/b', '__proto__')

/** Any schema of the keywords that `differences` looks into, nested three deep at most. */
export const anySchema: fc.Arbitrary<AnySchema> = fc.letrec<{ schema: AnySchema; object: AnySchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    { weight: 3, arbitrary: leaf() },
    { weight: 4, arbitrary: tie('object') },
    { weight: 2, arbitrary: arrayOf(tie('schema')) },
    { weight: 2, arbitrary: combined(tie('schema')) },
  ),
  object: objectOf(tie('schema')),
})).schema

function leaf(): fc.Arbitrary<AnySchema> {
  return fc.oneof(
    fc.constantFrom<AnySchema>(true, {}, { type: 'null' }, { type: 'boolean' }),
    fc.record(
      { type: types(), enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 4, comparator: 'SameValue' }) },
      { requiredKeys: ['enum'] },
    ),
    fc.record({ const: scalar }),
    fc.record(
      {
        type: fc.constantFrom('integer', 'number'),
        minimum: whole,
        maximum: whole,
        exclusiveMinimum: whole,
        exclusiveMaximum: whole,
        multipleOf: fc.constantFrom(1, 2, 3, 0.5),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        type: fc.constant('string'),
        minLength: fc.nat(3),
        maxLength: fc.nat(3),
        pattern: fc.constantFrom('^a', 'b$', '^.*$'),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: types() }),
  ) as fc.Arbitrary<AnySchema>
}

function types(): fc.Arbitrary<JsonType[]> {
  return fc.uniqueArray(
    fc.constantFrom<JsonType>('null', 'boolean', 'integer', 'number', 'string', 'array', 'object'),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
}

/** `fc.dictionary` with names that bite. */
function members<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc
    .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 3 })
    .map((entries) => Object.fromEntries(entries))
}

function objectOf(schema: fc.Arbitrary<AnySchema>): fc.Arbitrary<AnySchema> {
  return fc.record(
    {
      type: fc.constant('object'),
      properties: members(schema),
      required: fc.uniqueArray(name, { maxLength: 2 }),
      additionalProperties: fc.oneof(fc.constant<AnySchema>(false), schema),
      patternProperties: fc.record({ '^x': schema }),
      propertyNames: fc.constantFrom<AnySchema>({ type: 'string' }, { maxLength: 1 }, { pattern: '^a' }),
      minProperties: fc.nat(2),
      maxProperties: fc.nat(3),
      dependentRequired: fc.constantFrom({ a: ['b'] }, { b: ['a', 'c'] }),
    },
    { requiredKeys: ['type', 'properties'] },
  )
}

function arrayOf(schema: fc.Arbitrary<AnySchema>): fc.Arbitrary<AnySchema> {
  const containing = fc.record({
    type: fc.constant('array'),
    contains: fc.constantFrom({ type: 'string' }, { const: 1 }),
    minItems: fc.nat(2),
  })
  const items = fc.record(
    {
      type: fc.constant('array'),
      prefixItems: fc.array(schema, { minLength: 1, maxLength: 2 }),
      items: fc.oneof(fc.constant<AnySchema>(false), schema),
      minItems: fc.nat(2),
      maxItems: fc.nat(3),
      uniqueItems: fc.boolean(),
    },
    { requiredKeys: ['type'] },
  )
  // Apart, because the oracle (ajv 8) takes [] for { prefixItems: [{ const: '' }], maxItems: 0, contains: … }.
  return fc.oneof({ weight: 4, arbitrary: items }, { weight: 1, arbitrary: containing }) as fc.Arbitrary<AnySchema>
}

function combined(schema: fc.Arbitrary<AnySchema>): fc.Arbitrary<AnySchema> {
  const some = fc.array(schema, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    fc.record({ anyOf: some }),
    fc.record({ oneOf: some }),
    fc.record({ allOf: some }),
    fc.record({ not: schema }),
    fc.record({ anyOf: some, allOf: some, oneOf: some, properties: members(schema) }, { requiredKeys: [] }),
    fc.record({ if: schema, then: schema, else: schema }, { requiredKeys: ['if'] }),
  )
}

/** JSON values near the bounds of such schemas. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 2 }, scalar, members(tie('value')), fc.array(tie('value'), { maxLength: 3 })),
})).value

/** A schema, and one a few steps away from it: what people do to schemas. */
export const twoSchemas: fc.Arbitrary<[AnySchema, AnySchema]> = fc.oneof(
  fc.tuple(anySchema, anySchema),
  fc
    .tuple(anySchema, anySchema, fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }))
    .map(([schema, other, turns]): [AnySchema, AnySchema] => [
      schema,
      turns.reduce((changed, turn) => changedAt(changed, other, turn), schema),
    ]),
)

/** The schema with one place taken away, or put in from another, or moved by one. */
function changedAt(schema: AnySchema, other: AnySchema, turn: number): AnySchema {
  const copy = structuredClone(schema)
  const places: { in: any; key: string }[] = []
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) {
      places.push({ in: value, key })
      if (key !== 'dependentRequired') collect((value as Record<string, unknown>)[key])
    }
  }
  collect(copy)
  const place = places[turn % Math.max(places.length, 1)]
  if (place === undefined) return copy
  const value = place.in[place.key]
  if (typeof value === 'number') place.in[place.key] = Math.max(0, value + (turn % 2 === 0 ? 1 : -1))
  else if (schemaPlaces.has(place.key) && turn % 3 > 0) place.in[place.key] = other
  else if (!Array.isArray(place.in)) delete place.in[place.key]
  return copy
}

const schemaPlaces = new Set(['items', 'additionalProperties', 'a', 'b', 'c', '^x'])
