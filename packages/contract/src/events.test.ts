import { expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { contractOf, events, type EventOf, InvalidEvent, only } from './index.ts'

const facts = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }), level: 'published' },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), key: 'customerId' },
})

it('makes an event of the declared type, with its data checked', () => {
  const event = facts.Saved({ customerId: 'c1', amountMinor: 5 })
  expect(event).toEqual({ type: 'Saved', data: { customerId: 'c1', amountMinor: 5 } })
  expectTypeOf(event.data.amountMinor).toEqualTypeOf<number>()
  expectTypeOf<EventOf<typeof facts>['type']>().toEqualTypeOf<'PotOpened' | 'Saved'>()
})

it('refuses data that does not fit, saying where and what', () => {
  // @ts-expect-error amountMinor is a number
  expect(() => facts.Saved({ customerId: 'c1', amountMinor: 'five' })).toThrow(InvalidEvent)
  // @ts-expect-error there is no such event
  expect(facts.Unknown).toBeUndefined()
  // @ts-expect-error the key is a field of the data
  events('pots', { Saved: { data: z.object({ a: z.string() }), key: 'b' } })
})

it('is internal, version 1, unless said otherwise', () => {
  expect({ ...facts.Saved }).toMatchObject({ type: 'Saved', service: 'pots', level: 'internal', version: 1 })
  expect(contractOf(facts).types.get('PotOpened')?.level).toBe('published')
  expect([...contractOf(only(facts, 'Saved')).types.keys()]).toEqual(['Saved'])
})

it.each(['soon', '2027-02-31', '2027', '01.02.2027', ''])('refuses a day that never comes: "%s"', (until) => {
  const declare = () => events('pots', { Saved: { data: z.object({}), level: 'deprecated', until } })
  expect(declare).toThrow('Expected the day on which Saved goes')
})

it.each(['2027-02-28', '2027-02-01T12:00:00Z'])('takes a day of the calendar: %s', (until) => {
  expect(events('pots', { Saved: { data: z.object({}), until } }).Saved.until).toBe(until)
})
