import { action, link, view } from '@headwater/service'
import { z } from 'zod'
import { type Bank, me } from '../landscape.ts'
import { keyed } from './accounts.ts'

interface Pot {
  readonly potId: string
  readonly savedMinor: number
  readonly open: boolean
}

/** Money put aside. */
export const potsScreen = view(
  '/pots',
  async (_, { caller, enter }) => {
    const customerId = me(caller)
    const list = await enter<Bank>().service('pots').follow('pots', { customerId })
    const open = (list.state.pots as Pot[]).filter((pot) => pot.open)
    return {
      pots: open.map(({ potId, savedMinor }) => ({ potId, savedMinor })),
      totalMinor: open.reduce((sum, { savedMinor }) => sum + savedMinor, 0),
    }
  },
  {
    title: 'Money put aside',
    links: { accounts: () => link('accounts', {}) },
    actions: {
      openPot: action({
        scope: 'phone:write',
        title: 'Open a pot',
        input: z.object({}),
        async act(_, { caller, enter, idempotencyKey }) {
          const customerId = me(caller)
          const list = await enter<Bank>().service('pots').follow('pots', { customerId })
          await list.act('pot.open', { customerId }, keyed(idempotencyKey))
        },
      }),
      save: action({
        scope: 'phone:write',
        title: 'Put aside',
        input: z.object({ potId: z.string(), amountMinor: z.int().min(1).max(1_000_000) }),
        async act({ potId, amountMinor }, { enter, idempotencyKey }) {
          await enter<Bank>()
            .service('pots')
            .follow('pot', { potId })
            .act('save', { amountMinor }, keyed(idempotencyKey))
        },
      }),
    },
  },
)
