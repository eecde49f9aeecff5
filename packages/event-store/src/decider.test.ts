import { events, only } from '@headwater/contract'
import { expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type CommandData, decider, refuse } from './index.ts'

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
