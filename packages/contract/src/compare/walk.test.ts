import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { opened } from '../document.ts'
import type { JsonSchema } from '../schema.ts'
import { anyValue, twoSchemas } from './any-schema.fixture.ts'
import type { AnySchema } from './node.ts'
import { differences } from './walk.ts'

const jsonOf = (schema: z.ZodType): JsonSchema =>
  (schema as any)['~standard'].jsonSchema.output({ target: 'draft-2020-12' })
const rules = (writer: z.ZodType, reader: z.ZodType, lenient = false) =>
  differences(jsonOf(writer), jsonOf(reader), { lenient }).map(({ rule, at }) => `${rule} ${at}`)

const pot = { potId: z.string(), amountMinor: z.int() }

it.each<[string, z.ZodType, z.ZodType, string[]]>([
  ['nothing', z.object(pot), z.object(pot), []],
  ['a new optional field', z.object(pot), z.object({ ...pot, note: z.string().optional() }), []],
  [
    'a new required field',
    z.object(pot),
    z.object({ ...pot, note: z.string() }),
    ['REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL /note'],
  ],
  [
    'an optional field required',
    z.object({ a: z.string().optional() }),
    z.object({ a: z.string() }),
    ['REQUIRED_ATTRIBUTE_ADDED /a'],
  ],
  [
    'a field taken away',
    z.object(pot),
    z.object({ potId: z.string() }),
    ['PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL /amountMinor'],
  ],
  ['null no longer', z.object({ a: z.string().nullable() }), z.object({ a: z.string() }), ['TYPE_NARROWED /a']],
  ['null as well', z.object({ a: z.string() }), z.object({ a: z.string().nullable() }), []],
  ['numbers made whole', z.object({ a: z.number() }), z.object({ a: z.int() }), ['TYPE_NARROWED /a']],
  ['another type', z.object({ a: z.string() }), z.object({ a: z.boolean() }), ['TYPE_CHANGED /a']],
  ['a value no longer', z.enum(['in', 'out']), z.enum(['in']), ['ENUM_ARRAY_NARROWED ']],
  [
    'a bound deep inside',
    z.array(z.object({ a: z.string() })),
    z.array(z.object({ a: z.string().min(2) })),
    ['MIN_LENGTH_ADDED /*/a'],
  ],
  ['the same bound of whole numbers', z.int().positive(), z.int().min(1), []],
  ['the same bound of whole numbers, said otherwise', z.int().min(1).max(9), z.int().positive().lt(10), []],
  ['a bound beyond it', z.int().positive(), z.int().min(2), ['MINIMUM_INCREASED ']],
  ['the same words of other numbers', z.number().positive(), z.number().min(1), ['MINIMUM_INCREASED ']],
  ['a higher minimum', z.number().min(1), z.number().min(2), ['MINIMUM_INCREASED ']],
  [
    'a variant of a union more',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') })]),
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]),
    [],
  ],
  [
    'a variant of a union changed',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), v: z.string() })]),
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), v: z.int() })]),
    ['TYPE_CHANGED /v'],
  ],
  [
    'a variant of a union less',
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]),
    z.discriminatedUnion('k', [z.object({ k: z.literal('a') })]),
    ['SUM_TYPE_NARROWED '],
  ],
  ['another value of a record', z.record(z.string(), z.int()), z.record(z.string(), z.string()), ['TYPE_CHANGED /*']],
  [
    'a shorter tuple',
    z.tuple([z.string(), z.int()]),
    z.tuple([z.string()]),
    ['ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL /1', 'MAX_ITEMS_DECREASED '],
  ],
])('names %s', (_, writer, reader, expected) => {
  expect(rules(writer, reader)).toEqual(expected)
})

it('looks through references, also of schemas that hold themselves', () => {
  const tree = (value: AnySchema): JsonSchema => ({
    $ref: '#/$defs/tree',
    $defs: {
      tree: {
        type: 'object',
        properties: { value, below: { type: 'array', items: { $ref: '#/$defs/tree' } } },
        required: ['value'],
      },
    },
  })
  expect(differences(tree({ type: 'integer' }), tree({ type: 'number' }))).toEqual([])
  expect(differences(tree({ type: 'number' }), tree({ type: 'integer' }))).toMatchObject([
    { rule: 'TYPE_NARROWED', at: '/value' },
    { rule: 'TYPE_NARROWED', at: '/below/*/value' },
  ])
})

it.each(['#text', '#/$defs/%zz', '#/$defs/nothing', 'https://a.example/text.json'])(
  'takes what a reference leads to, and cannot be found, for different: %s',
  ($ref) => {
    const text: JsonSchema = { $ref, $defs: { text: { $anchor: 'text', type: 'string' } } }
    expect(differences({ type: 'integer' }, text)).toMatchObject([{ rule: 'COMBINED_TYPE_CHANGED', at: '' }])
    expect(differences(text, { type: 'integer' })).not.toEqual([])
    expect(differences(text, text)).toEqual([])
  },
)

it('counts a reader as one who passes over what he does not know, when lenient', () => {
  expect(rules(z.object({ ...pot, note: z.string() }), z.object(pot), true)).toEqual([])
  expect(rules(z.object(pot), z.object({ ...pot, note: z.string() }), true)).toEqual([
    'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL /note',
  ])
})

const options = { strict: false, validateSchema: false, ownProperties: true, addUsedSchema: false }
const oracle = addFormats.default(new Ajv2020(options) as any) as unknown as Ajv2020
const valid = (schema: AnySchema) => oracle.compile(schema as object)

it('says of no value that it fits which does not', () => {
  const values = fc.sample(anyValue, { numRuns: 400, seed: 7 })
  const tried = { pairs: 0, values: 0 }
  fc.assert(
    fc.property(twoSchemas, ([writer, reader]) => {
      if (differences(writer, reader).length > 0) return
      tried.pairs += 1
      const [written, read] = [valid(writer), valid(reader)]
      for (const value of values.filter((one) => written(one))) {
        tried.values += 1
        if (!read(value)) throw new Error(JSON.stringify({ writer, reader, value }))
      }
    }),
    { numRuns: 2_000, interruptAfterTimeLimit: 4_000 },
  )
  expect(tried.pairs).toBeGreaterThan(10)
  expect(tried.values).toBeGreaterThan(50)
})

/** Values of small objects, all of them: over these, what is compatible can be decided by trying. */
const scalars: unknown[] = [null, true, false, -1, 0, 1, 2, 3, 0.5, -0.5, '', 'a', 'b', 'c', 'ab', 'cc', 'aab']
const pairs = scalars.flatMap((x) => scalars.map((y) => ({ x, y })))
const inner = [...scalars, {}, ...scalars.flatMap((x) => [{ x }, { y: x }]), ...pairs]
const everyValue = [
  {},
  ...scalars.map((b) => ({ b })),
  ...inner.flatMap((a) => [{ a }, ...scalars.map((b) => ({ a, b }))]),
]

const bound = fc.integer({ min: 0, max: 2 })
const plainScalar: fc.Arbitrary<AnySchema> = fc.oneof(
  fc.constantFrom<AnySchema>({ type: 'string' }, { type: 'integer' }, { type: 'number' }, { type: 'boolean' }),
  fc.constantFrom<AnySchema>({ type: ['string', 'null'] }, { type: ['integer', 'boolean'] }),
  bound.map((minimum) => ({ type: 'integer', minimum })),
  bound.map((maximum) => ({ type: 'number', maximum })),
  bound.map((minLength) => ({ type: 'string', minLength })),
  fc.constantFrom(1, 2).map((maxLength) => ({ type: 'string', maxLength })),
  fc.subarray(['a', 'b', 'ab', ''], { minLength: 1 }).map((values) => ({ type: 'string', enum: values })),
  fc.constantFrom('a', 1, null, true).map((value) => ({ const: value })),
)
const plainObject = <Name extends string>(members: Record<Name, fc.Arbitrary<AnySchema>>): fc.Arbitrary<JsonSchema> =>
  fc
    .record({ properties: fc.record(members, { requiredKeys: [] }), need: fc.subarray(Object.keys(members)) })
    .map(({ properties, need }) => ({
      type: 'object',
      properties,
      required: need.filter((name) => name in properties),
      additionalProperties: false,
    }))
const plain = plainObject({ a: fc.oneof(plainScalar, plainObject({ x: plainScalar, y: plainScalar })), b: plainScalar })
/** Two that have something in common, or all, or nothing. */
const plainSchemas = fc
  .tuple(plain, plain, fc.subarray(['a', 'b', 'required']))
  .map(([writer, other, shared]): [JsonSchema, JsonSchema] => [writer, sharing(writer, other, shared)])

function sharing(writer: JsonSchema, other: JsonSchema, shared: readonly string[]): JsonSchema {
  const properties = { ...(other.properties as object) } as Record<string, AnySchema>
  for (const name of shared) {
    const schema = (writer.properties as Record<string, AnySchema>)[name]
    if (schema !== undefined) properties[name] = schema
  }
  const required = (shared.includes('required') ? writer : other).required as string[]
  return { ...other, properties, required: required.filter((name) => name in properties) }
}

it('finds all that is incompatible in plain objects, and nothing else', () => {
  const found = { compatible: 0, incompatible: 0 }
  fc.assert(
    fc.property(plainSchemas, ([writer, reader]) => {
      const [written, read] = [valid(writer), valid(reader)]
      const broken = everyValue.some((value) => written(value) && !read(value))
      const said = differences(writer, reader)
      found[broken ? 'incompatible' : 'compatible'] += 1
      if (said.length > 0 !== broken) throw new Error(JSON.stringify({ writer, reader, said, broken }))
    }),
    { numRuns: 700, interruptAfterTimeLimit: 3_000 },
  )
  expect(Math.min(found.compatible, found.incompatible)).toBeGreaterThan(5)
})

it('says of no value that a lenient reader takes it who does not', () => {
  fc.assert(
    fc.property(plainSchemas, ([writer, reader]) => {
      if (differences(writer, reader, { lenient: true }).length > 0) return
      const [written, read] = [valid(writer), valid(opened(reader))]
      for (const value of everyValue)
        if (written(value) && !read(value)) throw new Error(JSON.stringify({ writer, reader, value }))
    }),
    { numRuns: 400, interruptAfterTimeLimit: 2_000 },
  )
})
