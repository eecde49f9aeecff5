import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { opened } from '../document.ts'
import { jsonSchemaOf } from '../schema.ts'
import { anySchema } from './any-schema.fixture.ts'
import { droppedFields } from './dropped.ts'

const dropped = (before: z.ZodType, now: z.ZodType) =>
  droppedFields(opened(jsonSchemaOf(before)), opened(jsonSchemaOf(now)))

const note = z.string().optional()
const a = z.object({ k: z.literal('a') })
const b = z.object({ k: z.literal('b') })
const x = z.object({ x: z.int() })
const y = z.object({ y: z.int() })

it.each<[string, z.ZodType, z.ZodType, string[]]>([
  ['a field', a.extend({ note }), a, ['/note']],
  ['no field where one is required more', a.extend({ note }), a.extend({ note, more: z.int() }), []],
  ['a field, and nothing that lies in it', a.extend({ in: z.object({ note }) }), a, ['/in']],
  ['a field of elements', z.array(x.extend({ note })), z.array(x), ['/*/note']],
  ['a field of a tuple', z.tuple([x.extend({ note }), x]), z.tuple([x, x]), ['/*/note']],
  ['a field of a record', z.record(z.string(), x.extend({ note })), z.record(z.string(), x), ['/*/note']],
  ['all fields of what is no object any more', z.object({ in: a }), z.object({ in: z.string() }), ['/in/k']],
  [
    'a field of one form',
    z.union([a.extend({ note }), b.extend({ note })]),
    z.union([a, b.extend({ note })]),
    ['/note'],
  ],
  [
    'a field of forms without a discriminator',
    z.union([x.extend({ note }), y.extend({ note })]),
    z.union([x, y.extend({ note })]),
    ['/note'],
  ],
  [
    'no field where a form is another with a field more',
    z.union([x, x.extend({ note })]),
    z.union([x.extend({ note }), x]),
    [],
  ],
  [
    'a field of one of the forms that one form became',
    z.object({ k: z.enum(['a', 'b']), note }),
    z.union([a.extend({ note }), b]),
    ['/note'],
  ],
  [
    'a field deep inside one of these',
    z.object({ k: z.enum(['a', 'b']), in: x.extend({ note }) }),
    z.union([a.extend({ in: x.extend({ note }) }), b.extend({ in: x })]),
    ['/in/note'],
  ],
  ['no field where a form is new', a.extend({ note }), z.union([a.extend({ note }), b]), []],
  ['the fields that a form alone had which is gone', z.union([a, b.extend({ note })]), a, ['/note']],
  [
    'no field that may be null now',
    a.extend({ note: z.object({ t: z.string() }) }),
    a.extend({ note: z.object({ t: z.string() }).nullable() }),
    [],
  ],
])('finds %s', (_, before, now, expected) => {
  expect(dropped(before, now)).toEqual(expected)
})

it('looks through forms that hold themselves', () => {
  const tree = (leaf: z.ZodType) => {
    const node: z.ZodType = z.lazy(() => z.union([leaf, z.object({ k: z.literal('node'), left: node, right: node })]))
    return node
  }
  expect(dropped(tree(a.extend({ note })), tree(a.extend({ note })))).toEqual([])
  expect(dropped(tree(a.extend({ note })), tree(a))).toContain('/note')
})

it('finds the fields that any form of a union no longer has, and no others', () => {
  const forms = fc.record({ a: fc.subarray(['p', 'q']), b: fc.subarray(['p', 'q']), c: fc.subarray(['p', 'q']) })
  const schema = (of: Record<string, string[]>, word: string) => ({
    [word]: Object.entries(of).map(([k, names]) => ({
      type: 'object',
      properties: { k: { const: k }, ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])) },
      required: ['k'],
    })),
  })
  const word = fc.constantFrom('anyOf', 'oneOf')
  fc.assert(
    fc.property(forms, forms, word, word, (before, now, was, is) => {
      const expected = ['p', 'q'].filter((name) =>
        (['a', 'b', 'c'] as const).some((k) => before[k].includes(name) && !now[k].includes(name)),
      )
      const found = droppedFields(schema(before, was), schema(now, is))
      expect(found).toEqual(expected.map((name) => `/${name}`))
    }),
  )
})

it('finds nothing that a schema no longer has of itself', () => {
  fc.assert(
    fc.property(anySchema, (schema) => {
      expect(typeof schema === 'object' ? droppedFields(schema, structuredClone(schema)) : []).toEqual([])
    }),
    { numRuns: 1_500, interruptAfterTimeLimit: 3_000 },
  )
})
