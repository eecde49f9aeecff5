import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fieldsOf, inputOf } from './form.ts'
import { check, jsonSchemaOf, type Schema } from './schema.ts'

const fields = (schema: Schema) => fieldsOf(jsonSchemaOf(schema, 'input'))
const input = (schema: Schema, body: string) => {
  const map = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(body)) map.set(name, [...(map.get(name) ?? []), value])
  return inputOf(map, jsonSchemaOf(schema, 'input'))
}

const order = z.object({
  name: z.string().min(2).max(40).meta({ title: 'Your name', description: 'as on the card' }),
  email: z.email().optional(),
  amountMinor: z.int().min(1).max(500),
  rate: z.number().optional(),
  kind: z.enum(['plain', 'gift']).default('plain'),
  terms: z.boolean(),
  tags: z.array(z.string()).optional(),
  address: z.object({ city: z.string() }).optional(),
  note: z.string().nullable().optional(),
})

describe('a form', () => {
  it('has a field for what a schema asks, with its bounds', () => {
    expect(fields(order)).toEqual([
      {
        name: 'name',
        type: 'text',
        required: true,
        prompt: 'Your name',
        placeholder: 'as on the card',
        minLength: 2,
        maxLength: 40,
      },
      expect.objectContaining({ name: 'email', type: 'email', required: false }),
      { name: 'amountMinor', type: 'number', required: true, min: 1, max: 500, step: 1 },
      { name: 'rate', type: 'number', required: false },
      { name: 'kind', type: 'text', required: false, value: 'plain', options: { inline: ['plain', 'gift'] } },
      { name: 'terms', type: 'checkbox', required: true },
      { name: 'tags', type: 'textarea', required: false },
      { name: 'address', type: 'textarea', required: false },
      { name: 'note', type: 'text', required: false },
    ])
  })

  it('shows all branches of a union, and its tags as a choice', () => {
    const union = z.discriminatedUnion('by', [
      z.object({ by: z.literal('card'), number: z.string() }),
      z.object({ by: z.literal('cash'), till: z.int() }),
    ])
    expect(fields(union)).toMatchObject([
      { name: 'by', type: 'text', required: true, options: { inline: ['card', 'cash'] } },
      { name: 'number', type: 'text', required: false },
      { name: 'till', type: 'number', required: false, step: 1 },
    ])
  })

  it.each<[string, Schema]>([
    ['zod', z.object({ name: z.string().min(2), amountMinor: z.int(), gift: z.boolean().optional() })],
    ['arktype', type({ name: 'string >= 2', amountMinor: 'number.integer', 'gift?': 'boolean' })],
    [
      'valibot',
      toStandardJsonSchema(
        v.object({
          name: v.pipe(v.string(), v.minLength(2)),
          amountMinor: v.pipe(v.number(), v.integer()),
          gift: v.optional(v.boolean()),
        }),
      ),
    ],
  ])('is read by %s as by any other validator', async (_, schema) => {
    const names = fields(schema).map(({ name, type, required }) => `${name} ${type} ${required}`)
    expect(names.toSorted()).toEqual(['amountMinor number true', 'gift checkbox false', 'name text true'])
    const value = { name: 'Ada', amountMinor: 12, gift: true }
    expect(await check(schema, input(schema, 'name=Ada&amountMinor=12&gift=on'))).toEqual({ kind: 'valid', value })
    const wrong = await check(schema, input(schema, 'name=A&amountMinor=1.5'))
    expect(wrong.kind === 'invalid' && wrong.wrongs.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/amountMinor',
      '/name',
    ])
  })
})

describe('the text of a form', () => {
  it('means what the schema wants', () => {
    const body =
      'name=Ada&email=&amountMinor=12&rate=-1.5e3&kind=gift&terms=true&tags=["a"]&address={"city":"Bern"}&note=hi&_idempotencyKey=k&_ifMatch=7'
    expect(input(order, body)).toEqual({
      name: 'Ada',
      amountMinor: 12,
      rate: -1500,
      kind: 'gift',
      terms: true,
      tags: ['a'],
      address: { city: 'Bern' },
      note: 'hi',
    })
    expect(input(order, 'tags=a&tags=b')).toEqual({ tags: ['a', 'b'], terms: false })
    expect(input(order, 'tags=a')).toEqual({ tags: ['a'], terms: false })
  })

  it('says the same as JSON, for all a form can say', () => {
    const text = fc.string({ minLength: 1 }).filter((one) => !/\p{Cs}|\0/u.test(one))
    const said = fc.record(
      {
        name: text,
        amountMinor: fc.integer(),
        rate: fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => (Object.is(one, -0) ? 0 : one)),
        kind: fc.constantFrom('plain', 'gift'),
        terms: fc.boolean(),
        tags: fc.array(text, { minLength: 1 }).filter(([first]) => !first!.trimStart().startsWith('[')),
        address: fc.record({ city: text }),
        note: text,
      },
      { requiredKeys: ['name', 'amountMinor', 'terms'] },
    )
    fc.assert(
      fc.property(said, (value) => {
        const body = new URLSearchParams()
        for (const [name, one] of Object.entries(value)) {
          if (Array.isArray(one)) for (const each of one) body.append(name, each)
          else if (typeof one === 'object') body.append(name, JSON.stringify(one))
          else if (one !== false) body.append(name, String(one))
        }
        expect(input(order, body.toString())).toEqual(value)
      }),
    )
  })

  it.each(['0x10', '1e', ' 1', '01', '+1', 'Infinity', 'NaN', '1_000', '１'])(
    'is not taken for a number when it is %s',
    (text) => {
      expect(input(z.object({ n: z.number() }), `n=${encodeURIComponent(text)}`)).toEqual({ n: text })
    },
  )

  it('stays text where it cannot be read, for the schema to refuse', () => {
    expect(input(order, 'address={"a":1,"a":2}&terms=perhaps&more=x')).toEqual({
      address: '{"a":1,"a":2}',
      terms: 'perhaps',
      more: 'x',
    })
  })
})
