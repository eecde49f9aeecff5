import { events, only } from '@headwater/contract'
import { expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type CommandData, decider, definitionOf, refuse } from './index.ts'

const facts = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }), level: 'published' },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), level: 'published' },
  PotClosed: { data: z.object({ reason: z.string() }) },
})
const roundUps = { name: 'round-ups', variants: { plain: 50, rounded: 50 } }
const pot = decider('pot', facts, {
  commands: {
    open: z.object({ customerId: z.string() }),
    save: z.object({ amountMinor: z.int() }),
    close: z.object({ reason: z.string() }),
  },
  initialState: () => ({ customerId: '', saved: 0, open: false }),
  decide: {
    open: (cmd, pot) => (pot.open ? [] : [facts.PotOpened(cmd)]),
    save: ({ amountMinor }, pot, { variant }) => {
      if (!pot.open) return refuse('pot-closed', 'This pot is closed. Open it first.')
      const up = variant(roundUps, pot.customerId) === 'rounded'
      return [
        facts.Saved({
          customerId: pot.customerId,
          amountMinor: up ? Math.ceil(amountMinor / 100) * 100 : amountMinor,
        }),
      ]
    },
    close: (cmd, pot) => (pot.open ? [facts.PotClosed(cmd)] : []),
  },
  evolve: {
    PotOpened: (pot, e) => ({ ...pot, ...e, open: true }),
    Saved: (pot, e) => ({ ...pot, saved: pot.saved + e.amountMinor }),
    PotClosed: (pot) => ({ ...pot, open: false }),
  },
})

it('types commands without annotation', () => {
  expectTypeOf<CommandData<typeof pot.close>>().toEqualTypeOf<{ reason: string }>()
})

it('refuses at compile time what the declaration does not say', () => {
  // @ts-expect-error there is no such command
  expect(pot.shut).toBeUndefined()
  const steps = { PotOpened: (state: {}) => state, Saved: (state: {}) => state }
  const open = { commands: {}, initialState: () => ({}), decide: {} }
  // @ts-expect-error PotClosed is missing from evolve
  expect(() => decider('pot', facts, { ...open, evolve: steps })).toThrow('PotClosed')
  expect(() => decider('pot', only(facts, 'PotOpened', 'Saved'), { ...open, evolve: steps })).not.toThrow()
  expect(() => decider('Pot-1', only(facts, 'Saved'), { ...open, evolve: steps })).toThrow('a category like')
})

it('decides and evolves without a database', () => {
  const { decide, evolve, initialState } = definitionOf(pot)
  const context = { id: '1', others: {}, variant: () => 'rounded' as never, now: new Date(0), newId: () => 'x' }
  const open = evolve(initialState(), facts.PotOpened({ customerId: 'c' }))
  expect(decide({ type: 'save', data: { amountMinor: 101 } }, open, context)).toEqual([
    facts.Saved({ customerId: 'c', amountMinor: 200 }),
  ])
  expect(decide({ type: 'save', data: { amountMinor: 1 } }, initialState(), context)).toMatchObject({ kind: 'refused' })
  expect(() => decide({ type: 'toString', data: {} }, open, context)).toThrow('Expected a command of pot')
})
