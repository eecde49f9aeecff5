import { jsonSchemaOf } from '@headwater/contract'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { declaredKinds, either, kindOf, reconcile, sqlType } from './kind.ts'

it('takes the kinds of a payload from its schema', () => {
  const schema = jsonSchemaOf(
    z.object({
      text: z.string(),
      many: z.int(),
      share: z.number(),
      yes: z.boolean().optional(),
      maybe: z.string().nullable(),
      colour: z.enum(['red', 'blue']),
      at: z.iso.datetime(),
      on: z.iso.date(),
      list: z.array(z.int()),
      place: z.object({ city: z.string(), at: z.iso.datetime() }),
      either: z.union([z.string(), z.int()]),
      any: z.unknown(),
      book: z.record(z.string(), z.int()),
      secret: z.int(),
    }),
  )
  expect(Object.fromEntries(declaredKinds(schema, ['secret']))).toEqual({
    text: 'VARCHAR',
    many: 'BIGINT',
    share: 'DOUBLE',
    yes: 'BOOLEAN',
    maybe: 'VARCHAR',
    colour: 'VARCHAR',
    at: 'TIMESTAMP',
    on: 'DATE',
    list: ['BIGINT'],
    place: { city: 'VARCHAR', at: 'VARCHAR' },
    either: 'VARCHAR',
    any: 'VARCHAR',
    book: 'VARCHAR',
    secret: 'VARCHAR',
  })
})

it.each([
  [1, 'BIGINT'],
  [1.5, 'DOUBLE'],
  [1e300, 'DOUBLE'],
  [{ sealed: 'x' }, 'VARCHAR'],
  [{ a: 1, A: 2 }, 'VARCHAR'],
  [{ 'a b': 1 }, 'VARCHAR'],
  [[1, 2.5, null], ['DOUBLE']],
  [[{ a: 1 }, { b: 'x' }], [{ a: 'BIGINT', b: 'VARCHAR' }]],
  [[], undefined],
  [{}, undefined],
  [Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, 1])), 'VARCHAR'],
])('sees %j as %j', (value, kind) => {
  expect(kindOf(value)).toEqual(kind)
})

it('holds both of what it joins, in any order', () => {
  const kinds = fc.jsonValue().map((value) => kindOf(value))
  fc.assert(
    fc.property(kinds, kinds, kinds, (a, b, c) => {
      const type = (kind: ReturnType<typeof kindOf>) => (kind === undefined ? 'nothing' : fieldsInOrder(sqlType(kind)))
      expect(type(either(a, b))).toBe(type(either(b, a)))
      expect(type(either(a, a))).toBe(type(a))
      expect(type(either(either(a, b), c))).toBe(type(either(a, either(b, c))))
    }),
  )
})

/** Struct types name the same columns in whatever order they were met. */
function fieldsInOrder(type: string): string {
  return [...type].toSorted().join('')
}

it('believes events more than their contract, and a contract more about times', () => {
  expect(reconcile('BIGINT', 'DOUBLE')).toBe('DOUBLE')
  expect(reconcile('BIGINT', 'VARCHAR')).toBe('VARCHAR')
  expect(reconcile('TIMESTAMP', 'VARCHAR')).toBe('TIMESTAMP')
  expect(reconcile(undefined, 'BIGINT')).toBe('BIGINT')
})
