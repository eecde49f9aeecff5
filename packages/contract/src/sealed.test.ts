import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { pulledFile } from './export.ts'
import { contractDocument, contractOf, type EventDeclaration, events, shownBy } from './index.ts'

const ordered = z.object({ orderId: z.string(), email: z.string() })
const email = { sealed: '1.AAAA' }

function published(declaration: EventDeclaration) {
  const contract = contractOf(events('orders', { Ordered: { level: 'published', ...declaration } as any }))
  const document = contractDocument(contract)
  const { published = {}, personal } = document.types['Ordered']!
  const valid = new Ajv2020({ strict: false }).compile(published[1]!)
  const ordered = contract.types.get('Ordered')!
  const shown = (data: unknown) => shownBy(ordered, ordered.published![1]!)(data)
  return { valid, shown, personal, pulled: () => pulledFile(document, 'http://bank.example/') }
}

const renamed = (from: (data: any) => unknown, personal?: Record<string, string>) =>
  published({
    data: ordered,
    personal: { email: 'orderId' },
    published: {
      1: {
        data: z.object({ orderId: z.string(), contact: z.string() }),
        from,
        ...(personal === undefined ? {} : { personal }),
      },
    },
  })
const renaming = ({ orderId, email }: any) => ({ orderId, contact: email })

it('says of a personal field that a mapping renames that it travels sealed', () => {
  const { valid, shown, personal, pulled } = renamed(renaming, { contact: 'orderId' })
  expect(valid(shown({ orderId: 'o1', email }))).toBe(true)
  expect(valid({ orderId: 'o1', contact: 'a@b.cd' })).toBe(true)
  expect(valid({ orderId: email, contact: 'a@b.cd' })).toBe(false)
  expect(personal).toEqual({ email: 'orderId', contact: 'orderId' })
  expect(pulled()).toContain('contact: z.union([z.string(), z.looseObject({')
})

it.each<[string, (data: any) => unknown, string]>([
  ['a renamed field', renaming, '/contact'],
  ['a field inside another', ({ email }) => ({ contact: { email } }), '/contact/email'],
  ['a list', ({ orderId, email }) => ({ orderId, 'all/of': [email] }), '/all~1of/0'],
  ['the whole', ({ email }) => email, '/'],
])('shows nothing sealed in a place that is not said to be personal: %s', (_, from, at) => {
  expect(() => renamed(from).shown({ orderId: 'o1', email })).toThrow(`fields called personal, got one at ${at}.`)
})

it('shows personal fields under their own names without another word, and what was open as before', () => {
  const { shown } = renamed(({ orderId, email }) => ({ orderId, email, letter: { sealed: 'wax', with: 'love' } }))
  const data = { orderId: 'o1', email }
  expect(shown(data)).toEqual({ ...data, letter: { sealed: 'wax', with: 'love' } })
  expect(renamed(renaming).shown({ orderId: 'o1', email: 'a@b.cd' })).toEqual({ orderId: 'o1', contact: 'a@b.cd' })
})

it('says that a field travels sealed in every form of a union', () => {
  const { valid } = published({
    data: z.discriminatedUnion('by', [
      z.object({ by: z.literal('mail'), person: z.string(), email: z.string() }).meta({ id: 'ByMail' }),
      z.object({ by: z.literal('both'), person: z.string(), email: z.string(), phone: z.string() }),
      z.object({ by: z.literal('none'), person: z.string() }),
    ]),
    personal: { email: 'person', phone: 'person' } as never,
  })
  const person = 'p1'
  expect(valid({ by: 'mail', person, email })).toBe(true)
  expect(valid({ by: 'both', person, email, phone: email })).toBe(true)
  expect(valid({ by: 'none', person })).toBe(true)
  expect(valid({ by: 'mail', person, email: 7 })).toBe(false)
})
