import { createRequire } from 'node:module'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { CloudEvent } from 'cloudevents'
import { afterAll, expect, it } from 'vitest'
import { z } from 'zod'
import { asyncApi, pulledFile, readPulled } from './export.ts'
import { type AnyFacts, contractDocument, contractOf, events, fieldsOf, jsonSchemaOf, outsideOf } from './index.ts'

const line = z.object({ sku: z.string(), 'odd name': z.int().optional(), size: z.enum(['s', 'm']).nullable() })
const orders = events('web-orders', {
  Ordered: {
    data: z.object({
      orderId: z.string(),
      email: z.email(),
      lines: z.array(line),
      pair: z.tuple([z.string(), z.int()]),
      tags: z.record(z.string(), z.boolean()),
    }),
    level: 'published',
    key: 'orderId',
    personal: { email: 'orderId' },
  },
  Paid: {
    data: z.discriminatedUnion('by', [
      z.object({ by: z.literal('card') }),
      z.object({ by: z.literal('bank'), iban: z.string() }),
    ]),
    level: 'deprecated',
    until: '2027-01-01',
  },
  Packed: { data: z.object({ by: z.string() }) },
})
const contract = contractDocument(contractOf(orders), { inside: true })

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

it('pulls a contract into one file whose types read what the owner writes', async () => {
  const text = pulledFile(contract, 'http://bank.example/')
  const folder = await mkdtemp(join(import.meta.dirname, '.throw-away-'))
  folders.push(folder)
  await writeFile(join(folder, 'web-orders.ts'), text)
  const pulled = ((await import(join(folder, 'web-orders.ts'))) as { webOrders: AnyFacts & Record<string, any> })
    .webOrders
  expect([...contractOf(pulled).types.keys()]).toEqual(['Ordered', 'Paid'])
  const data = { orderId: 'o1', email: 'a@b.cd', lines: [{ sku: 'x', size: null }], pair: ['a', 1], tags: { a: true } }
  expect(pulled.Ordered({ ...data, later: 1 }).data).toMatchObject({ ...data, later: 1 })
  expect(pulled.Ordered({ ...data, email: { sealed: 'k.x' } }).data.email).toEqual({ sealed: 'k.x' })
  expect(() => pulled.Ordered({ ...data, lines: [{ sku: 1 }] })).toThrow('/lines/0/sku')
  expect(pulled.Paid({ by: 'bank', iban: 'DE' }).data).toEqual({ by: 'bank', iban: 'DE' })
  const fields = (facts: AnyFacts, type: string) => fieldsOf(jsonSchemaOf(contractOf(facts).types.get(type)!.data))
  expect(fields(pulled, 'Ordered')).toEqual(expect.arrayContaining(fields(orders, 'Ordered')))
})

it('pulls one of several published versions, and says which', async () => {
  const form = (name: string) => ({ data: z.object({ [name]: z.int() }), from: (data: any) => data })
  const both = contractDocument(
    contractOf(
      events('pots', {
        Saved: { data: z.any(), level: 'published', version: 3, published: { 2: form('amount'), 3: form('minor') } },
      }),
    ),
  )
  const pulled = (versions?: Record<string, number>) => pulledFile(both, 'http://bank.example/', versions)
  expect(pulled()).toMatch(/reads: 2,\s+data: z.looseObject\(\{\s+amount: z/)
  expect(pulled({ Saved: 3 })).toMatch(/version: 3,\s+reads: 3,\s+data: z.looseObject\(\{\s+minor: z/)
  expect(() => pulled({ Saved: 1 })).toThrow('a contract with version 1 of Saved, got "2, 3"')
  expect(() => pulled({ toString: 1 })).toThrow('a contract with the type toString, got "Saved"')
})

it('knows a pulled file again, with the contract it was made from and nothing of how that is stored', () => {
  const text = pulledFile(contract, 'http://bank.example/')
  expect(readPulled(text)).toMatchObject({
    service: 'web-orders',
    entry: 'http://bank.example/',
    hash: outsideOf(contract).hash,
  })
  expect(readPulled(text)!.contract.types.Ordered!.published).toEqual(contract.types.Ordered!.published)
  expect(text).not.toContain('"stored"')
  expect(readPulled('export const a = 1')).toBeUndefined()
})

it('takes nothing that a contract says for code, whatever it says', async () => {
  const evil = `', } as any })\nglobalThis.hwPulled = 'was run'\n//\u2028globalThis.hwPulled = 'was run'\n`
  const said = contract.types['Ordered']!
  const schema = said.published!['1']!
  const from = (types: object, service = 'web-orders') =>
    pulledFile({ service, hash: evil, types } as any, 'http://a.b/')
  const properties = { ...(schema['properties'] as object), [evil]: { type: evil, const: evil }, odd: { type: evil } }
  const text = from({
    Ordered: {
      ...said,
      level: evil,
      key: evil,
      readers: [evil],
      personal: { [evil]: evil },
      published: { 1: { ...schema, properties, enum: undefined } },
    },
  })
  const folder = await mkdtemp(join(import.meta.dirname, '.throw-away-'))
  folders.push(folder)
  await writeFile(join(folder, 'evil.ts'), text)
  const pulled = (await import(join(folder, 'evil.ts'))) as { webOrders: Record<string, any> }
  expect({ ...pulled.webOrders['Ordered'] }).toMatchObject({ level: evil, key: evil })
  expect(globalThis).not.toHaveProperty('hwPulled')
  expect(readPulled(text)!.hash).toBe(readPulled(from({ Ordered: readPulled(text)!.contract.types['Ordered'] }))!.hash)
  const name = `X: {} as any })\nglobalThis.hwPulled = 1\nevents('s', { Y`
  expect(() => from({ [name]: said })).toThrow('event types like MoneyDeposited')
  expect(() => from({ Ordered: { ...said, until: evil } })).toThrow('days like 2027-02-01')
  expect(() => from({ Ordered: said }, 'a\nb')).toThrow('a service name like web-orders')
})

const exported = asyncApi(contract, { feed: 'http://bank.example/web-orders/events' })

it('exports AsyncAPI 3 that its own schema takes', () => {
  const specs = createRequire(import.meta.url)('@asyncapi/specs') as { schemasWithoutId: Record<string, object> }
  const ajv = addFormats.default(
    new Ajv({ strict: false, allErrors: true, validateSchema: false, unicodeRegExp: false }) as any,
  ) as unknown as Ajv
  const taken = ajv.compile(specs.schemasWithoutId['3.0.0']!)
  expect(taken(exported) ? [] : taken.errors).toEqual([])
  expect(taken({ ...exported, operations: { x: { action: 'shout' } } })).toBe(false)
  expect(Object.keys((exported as any).components.messages)).toEqual(['Ordered.v1', 'Paid.v1'])
})

it('describes messages that the CloudEvents SDK takes as such', () => {
  const envelope = {
    specversion: '1.0',
    id: 'e1',
    source: '/web-orders',
    type: 'Paid',
    subject: 'order-o1',
    time: '2026-11-24T10:00:00.000Z',
    datacontenttype: 'application/json',
    position: 7,
    previousposition: 3,
    streamversion: 2,
    schemaversion: 1,
    recordedtime: '2026-11-24T10:00:00.123456Z',
    correlationid: 'c',
    causationid: 'd',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    data: { by: 'bank', iban: 'DE' },
  }
  expect(new CloudEvent(envelope).validate()).toBe(true)
  const { schema } = (exported as any).components.messages['Paid.v1'].payload
  const taken = (addFormats.default(new Ajv({ strict: false }) as any) as unknown as Ajv).compile(schema)
  expect(taken(envelope)).toBe(true)
  expect(taken({ ...envelope, data: { by: 'cash' } })).toBe(false)
  expect(taken({ ...envelope, position: 0 })).toBe(false)
})

it('describes data whose schema refers to itself or to a part of it, wherever it is put', () => {
  const Card = z.object({ by: z.literal('card') }).meta({ id: 'Card' })
  const tree = z.object({
    value: z.int(),
    get below() {
      return z.array(tree)
    },
  })
  const parts = events('parts', {
    Paid: { data: z.discriminatedUnion('by', [Card, z.object({ by: z.literal('bank') })]), level: 'published' },
    Grown: { data: tree, level: 'published' },
  })
  const { components } = asyncApi(contractDocument(contractOf(parts)), { feed: 'http://a.example/parts/events' }) as any
  const dataOf = (name: string) => {
    const { data } = components.messages[name].payload.schema.properties
    return (addFormats.default(new Ajv({ strict: false }) as any) as unknown as Ajv).compile(data)
  }
  expect(JSON.stringify(components)).not.toContain('$ref')
  expect(['card', 'bank', 'cash'].map((by) => dataOf('Paid.v1')({ by }))).toEqual([true, true, false])
  const grown = dataOf('Grown.v1')
  expect(grown({ value: 1, below: [{ value: 2, below: [] }] })).toBe(true)
  expect(grown({ value: '1', below: [] })).toBe(false)
})
