import { expect, it } from 'vitest'
import { z } from 'zod'
import { contractDocument } from '../document.ts'
import { contractOf, type EventDeclaration, events } from '../events.ts'
import { readsOf } from '../fields.ts'
import { brokenBy, type KnownReader } from './index.ts'
import { compareContracts } from './contracts.ts'

const document = (declaration: EventDeclaration | undefined) =>
  contractDocument(contractOf(events('pots', declaration === undefined ? {} : { Saved: declaration as any })), {
    inside: true,
  })
const changes = (before: EventDeclaration, now: EventDeclaration | undefined) =>
  compareContracts(document(before), document(now)).map(({ rule, breaks, at }) => `${breaks}: ${rule} ${at}`.trim())

const saved = z.object({ potId: z.string(), amountMinor: z.int() })
const published = (data: z.ZodType, more: Partial<EventDeclaration> = {}): EventDeclaration => ({
  data,
  level: 'published',
  ...more,
})

it('lets an internal type change as it likes, as long as history stays readable', () => {
  expect(changes({ data: saved }, { data: z.object({ potId: z.string() }) })).toEqual([])
  expect(changes({ data: saved }, { data: saved.extend({ note: z.string() }) })).toEqual([
    'history: REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL /note',
  ])
  expect(changes({ data: saved }, { data: saved.extend({ note: z.string() }), version: 2 })).toEqual([
    'history: UPCASTER_MISSING',
  ])
  expect(
    changes(
      { data: saved },
      { data: saved.extend({ note: z.string() }), version: 2, upcast: { 1: (data) => ({ ...data, note: '' }) } },
    ),
  ).toEqual([])
  expect(changes({ data: saved }, undefined)).toEqual(['history: TYPE_REMOVED'])
})

it('names every upcaster that is missing, also one that was there before', () => {
  const stage = (version: number, ...upcasts: number[]): EventDeclaration => ({
    data: z.object({ [`v${version}`]: z.int() }),
    version,
    upcast: Object.fromEntries(upcasts.map((from) => [from, (data: unknown) => data])),
  })
  const missing = (before: EventDeclaration, now: EventDeclaration) =>
    compareContracts(document(before), document(now)).map(({ rule, version }) => `${rule} ${version}`)
  expect(missing(stage(1), stage(4, 2))).toEqual(['UPCASTER_MISSING 1', 'UPCASTER_MISSING 3'])
  // The store wants one also where the old data would fit.
  expect(changes({ data: saved }, { data: saved, version: 2 })).toEqual(['history: UPCASTER_MISSING'])
  expect(missing(stage(3, 1, 2), stage(3, 2))).toEqual(['UPCASTER_MISSING 1'])
  expect(missing(stage(3, 1, 2), stage(4, 2, 3))).toEqual(['UPCASTER_MISSING 1'])
  expect(missing(stage(3, 2), stage(4, 2, 3))).toEqual([])
  expect(missing(stage(3, 1, 2), stage(4, 1, 2, 3))).toEqual([])
})

it('keeps what is sealed with the key that opens it', () => {
  const person = z.object({ id: z.string(), other: z.string(), name: z.string() })
  const sealed = (personal?: Record<string, string>, more: Partial<EventDeclaration> = {}) =>
    ({ data: person, ...(personal === undefined ? {} : { personal }), ...more }) as EventDeclaration
  const before = sealed({ name: 'id' })
  expect(changes(before, sealed())).toEqual(['history: PERSONAL_CHANGED /name'])
  expect(changes(before, sealed({ name: 'other' }))).toEqual(['history: PERSONAL_CHANGED /name'])
  expect(changes(sealed(), before)).toEqual([])
  expect(changes(before, sealed({ name: 'id', other: 'id' }))).toEqual([])
  // What a mapping calls personal is sealed by that of the data.
  const form = { data: z.object({ label: z.string() }), from: ({ name }: any) => ({ label: name }) }
  const shown = published(person, {
    personal: { name: 'id' } as never,
    published: { 1: { ...form, personal: { label: 'x' } } },
  })
  expect(changes(shown, { ...shown, published: { 1: { ...form, personal: { label: 'y' } } } })).toEqual([])
})

it('lets nobody outside notice a renamed field behind a mapping', () => {
  const renamed = z.object({ potId: z.string(), minor: z.int() })
  const mapped = published(renamed, {
    version: 2,
    upcast: { 1: ({ amountMinor, ...rest }) => ({ ...rest, minor: amountMinor }) },
    published: { 1: { data: saved, from: ({ minor, ...rest }: any) => ({ ...rest, amountMinor: minor }) } },
  })
  expect(changes(published(saved), mapped)).toEqual([])
  expect(changes(published(saved), published(renamed))).toContain(
    'readers: PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL /amountMinor',
  )
  expect(changes(published(saved), published(renamed, { version: 2, upcast: { 1: (data) => data } }))).toEqual([
    'readers: VERSION_REMOVED',
  ])
})

it('knows what a published form may do', () => {
  expect(changes(published(saved), published(saved.extend({ note: z.string().optional() })))).toEqual([])
  expect(changes(published(saved.extend({ note: z.string().optional() })), published(saved))).toEqual([
    'readers: PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL /note',
  ])
  expect(changes(published(saved), published(saved.extend({ amountMinor: z.int().nullable() })))).toEqual([
    'readers: TYPE_NARROWED /amountMinor',
  ])
  expect(changes(published(saved), published(saved, { key: 'potId' }))).toEqual(['readers: KEY_CHANGED'])
  const required = changes(published(saved), published(saved.extend({ note: z.string() })))
  expect(new Set(required)).toEqual(new Set(['history: REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL /note']))
})

it('knows that a field is gone which one form of a union alone had, or still has', () => {
  const note = z.string().optional()
  const [card, bank] = [z.object({ by: z.literal('card') }), z.object({ by: z.literal('bank') })]
  const before = z.discriminatedUnion('by', [card.extend({ note }), bank.extend({ note })])
  const now = z.discriminatedUnion('by', [card, bank.extend({ note })])
  expect(changes(published(before), published(now))).toEqual([
    'readers: PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL /note',
  ])
  expect(changes(published(now), published(before))).toEqual([])
})

it('retires in steps: published, deprecated, gone', () => {
  const deprecated = (until?: string): EventDeclaration => ({
    data: saved,
    level: 'deprecated',
    ...(until === undefined ? {} : { until }),
  })
  expect(changes(published(saved), undefined)).toEqual(['never: LEVEL_SKIPPED'])
  expect(changes(published(saved), { data: saved })).toEqual(['never: LEVEL_SKIPPED'])
  expect(changes(published(saved), deprecated('2027-01-01'))).toEqual(['readers: TYPE_DEPRECATED'])
  expect(changes(published(saved), deprecated())).toEqual(['readers: TYPE_DEPRECATED', 'never: SUNSET_MISSING'])
  expect(changes(deprecated('2027-01-01'), deprecated('2027-02-01'))).toEqual([])
  expect(changes(deprecated('2027-01-01'), deprecated('2026-12-01'))).toEqual(['never: SUNSET_EARLIER'])
  expect(changes(deprecated('2027-01-01'), { data: saved })).toEqual(['readers: TYPE_REMOVED'])
  expect(changes(deprecated('2027-01-01'), published(saved))).toEqual([])
  expect(
    changes(
      { data: saved, level: 'experimental', readers: ['a', 'b'], until: '2027-01-01' },
      { data: saved, level: 'experimental', readers: ['a'], until: '2027-01-01' },
    ),
  ).toEqual(['readers: READER_REMOVED'])
})

it('holds levels against what was promised last, so that a type can be let go step by step', () => {
  const stages: Record<string, EventDeclaration | undefined> = {
    internal: { data: saved },
    published: published(saved),
    deprecated: { data: saved, level: 'deprecated', until: '2027-01-01' },
    earlier: { data: saved, level: 'deprecated', until: '2026-12-01' },
    gone: undefined,
    tried: { data: saved, level: 'experimental', readers: ['a'], until: '2999-01-01' },
  }
  const after = (served: string, now: string) =>
    compareContracts(
      served.split(' ').map((stage) => document(stages[stage])),
      document(stages[now]),
    ).map(({ rule }) => rule)
  expect(after('internal published deprecated', 'gone')).toEqual(['TYPE_REMOVED'])
  expect(after('published deprecated', 'deprecated')).toEqual([])
  expect(after('internal published deprecated gone', 'gone')).toEqual([])
  expect(after('published deprecated internal', 'gone')).toEqual([])
  // What was let go step by step may be tried anew, under the same name.
  expect(after('published deprecated gone', 'tried')).toEqual([])
  expect(after('published deprecated', 'tried')).toEqual(['LEVEL_SKIPPED'])
  // Also where the code is served already, as while it is being written.
  expect(after('published gone', 'gone')).toEqual(['LEVEL_SKIPPED'])
  expect(after('published deprecated earlier', 'earlier')).toEqual(['SUNSET_EARLIER'])
  expect(after('published gone', 'published')).toEqual([])
  expect(after('internal gone', 'gone')).toEqual(['TYPE_REMOVED'])
})

it('knows that experimental access ends by itself', () => {
  const tried: EventDeclaration = { data: saved, level: 'experimental', readers: ['a', 'b'], until: '2027-01-01' }
  const on = (day: string, now: EventDeclaration | undefined) =>
    compareContracts(document(tried), document(now), { today: new Date(day) }).map(({ rule }) => rule)
  expect(on('2026-12-31', undefined)).toEqual(['TYPE_WITHDRAWN'])
  expect(on('2027-01-01', undefined)).toEqual([])
  expect(on('2026-12-31', { ...tried, readers: ['a'] })).toEqual(['READER_REMOVED'])
  expect(on('2027-01-01', { ...tried, readers: ['a'] })).toEqual([])
})

it('knows that experimental access without a day is none', () => {
  const tried = (until?: string): EventDeclaration => ({
    data: saved,
    level: 'experimental',
    readers: ['a'],
    ...(until === undefined ? {} : { until }),
  })
  const on = (before: EventDeclaration, now: EventDeclaration | undefined) =>
    compareContracts(document(before), document(now), { today: new Date('2026-06-01') }).map(({ rule }) => rule)
  expect(on(tried('2027-01-01'), tried())).toEqual(['SUNSET_EARLIER'])
  expect(on(tried(), tried('2027-01-01'))).toEqual([])
  expect(on(tried(), undefined)).toEqual([])
  expect(on(tried(), { ...tried(), readers: [] })).toEqual([])
  // Of what has ended nobody is deprived.
  expect(on(tried('2026-05-01'), tried('2026-04-01'))).toEqual([])
})

it('wants the day of a deprecated type, whatever it was before', () => {
  const deprecated: EventDeclaration = { data: saved, level: 'deprecated' }
  const tried: EventDeclaration = { data: saved, level: 'experimental', readers: ['a'], until: '2027-01-01' }
  for (const before of [{ data: saved }, tried]) expect(changes(before, deprecated)).toEqual(['never: SUNSET_MISSING'])
  expect(compareContracts(document(undefined), document(deprecated)).map(({ rule }) => rule)).toEqual([
    'SUNSET_MISSING',
  ])
})

it('holds the schemas of the new contract against all earlier ones', () => {
  const [one, two, three] = [
    z.object({ a: z.string() }),
    z.object({ a: z.string().optional() }),
    z.object({ a: z.string() }),
  ]
  const versions = [one, two, three].map((data) => document({ data }))
  expect(compareContracts(versions.slice(0, 1), versions[2]!)).toEqual([])
  expect(compareContracts(versions.slice(0, 2), versions[2]!)).toMatchObject([
    { rule: 'REQUIRED_ATTRIBUTE_ADDED', at: '/a', breaks: 'history' },
  ])
})

it('names whom a change breaks: declared, observed, and those of whom nothing is known', () => {
  const [change] = compareContracts(document(published(saved)), document(published(z.object({ potId: z.string() }))))
  const readers: KnownReader[] = [
    { name: 'lists/all', reads: { Saved: ['/potId', '/amountMinor'] }, lastRead: '2026-11-01T00:00:00Z' },
    { name: 'ids/only', reads: { Saved: ['/potId'] } },
    {
      name: 'ids/peeks',
      reads: { Saved: ['/potId'] },
      observed: { Saved: { '/amountMinor': '2026-11-02T00:00:00Z' } },
    },
    { name: 'other', reads: { Opened: ['/amountMinor'] } },
    { name: 'silent' },
  ]
  expect(brokenBy(change!, readers)).toEqual([
    { reader: 'lists/all', fields: ['/amountMinor'], declared: true, lastRead: '2026-11-01T00:00:00Z' },
    { reader: 'ids/peeks', fields: ['/amountMinor'], declared: true, lastRead: '2026-11-02T00:00:00Z' },
    { reader: 'silent', fields: [], declared: false },
  ])
})

it.each<[string, z.ZodType, string[]]>([
  ['names another field of the elements', z.array(z.object({ size: z.int() })), []],
  ['names the field', z.array(z.object({ note: z.string() })), ['/lines/*/note']],
  ['names nothing further', z.array(z.any()), ['/lines']],
  ['takes the elements for a tuple', z.tuple([z.object({ note: z.string() })]), ['/lines/*/note']],
])('concerns a reader with a field inside another by what he names of it: he %s', (_, lines, fields) => {
  const note = z.string().optional()
  const line = z.object({ size: z.int(), note })
  const form = (one: z.ZodType) => document(published(z.object({ lines: z.array(one) })))
  const [change] = compareContracts(form(line), form(line.omit({ note: true })))
  const reads = readsOf(contractOf(events('pots', { Saved: { data: z.object({ lines }) } })))
  expect(change).toMatchObject({ at: '/lines/*/note', breaks: 'readers' })
  expect(brokenBy(change!, [{ name: 'a', reads }]).flatMap((one) => one.fields)).toEqual(fields)
})

it('counts who names more than is written down as reading all that lies deeper', () => {
  const nested = (depth: number, inside: Record<string, z.ZodType>): z.ZodType =>
    z.object(depth === 0 ? inside : { in: z.array(nested(depth - 1, inside)) })
  const form = (inside: Record<string, z.ZodType>) => published(nested(6, inside))
  const [change] = compareContracts(
    document(form({ a: z.int(), b: z.int().optional() })),
    document(form({ a: z.int() })),
  )
  const reads = readsOf(contractOf(events('pots', { Saved: { data: nested(6, { b: z.int() }) } })))
  expect(brokenBy(change!, [{ name: 'a', reads }])).toHaveLength(1)
})

it('says of each reader that is let go that it breaks him alone', () => {
  const tried = (...readers: string[]): EventDeclaration => ({
    data: saved,
    level: 'experimental',
    readers,
    until: '2999-01-01',
  })
  const found = compareContracts(document(tried('a', 'b', 'c')), document(tried('c')))
  const readers: KnownReader[] = ['a/one', 'b', 'c/one', 'ab/one'].map((name) => ({
    name,
    reads: { Saved: ['/potId'] },
  }))
  expect(found.map(({ rule, reader }) => [rule, reader])).toEqual([
    ['READER_REMOVED', 'a'],
    ['READER_REMOVED', 'b'],
  ])
  expect(found.map((change) => brokenBy(change, readers).map(({ reader }) => reader))).toEqual([['a/one'], ['b']])
})

it('concerns nobody with a published version that he does not read', () => {
  const form = { data: saved, from: (data: unknown) => data }
  const both = published(saved, { published: { 1: form, 2: form } })
  const [change] = compareContracts(document(both), document(published(saved, { published: { 2: form } })))
  const reader = (name: string, version?: number): KnownReader => ({
    name,
    reads: { Saved: ['/potId'] },
    ...(version === undefined ? {} : { versions: { Saved: version } }),
  })
  expect(change).toMatchObject({ rule: 'VERSION_REMOVED', version: 1 })
  const broken = brokenBy(change!, [reader('one', 1), reader('two', 2), reader('oldest')])
  expect(broken.map((one) => one.reader)).toEqual(['one', 'oldest'])
})

it('suggests the upcaster', () => {
  const before = z.object({ potId: z.string(), amount: z.number(), gone: z.string() })
  const now = z.object({
    potId: z.string(),
    amount: z.string(),
    currency: z.enum(['EUR', 'USD']),
    'a b': z.int().default(3),
  })
  const [found] = compareContracts(document({ data: before }), document({ data: now }))
  expect(found!.suggestion).toBe(
    `upcast: { n: (data) => ({ currency: /* what it was before */ "EUR", "a b": 3, ...data, amount: String(data.amount) }) } // and version: n + 1`,
  )
})
