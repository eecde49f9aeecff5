import { decider, only } from '@headwater/service'
import { z } from 'zod'
import { cards } from './events.ts'

/** An account as cards knows it: whose it is, and whether it may have cards. Its id is the account's. */
export const holder = decider('holder', only(cards, 'HolderKnown', 'HolderGone'), {
  commands: { know: z.object({ customerId: z.string() }), go: z.object({ reason: z.string() }) },
  initialState: () => ({ customerId: '', open: false, gone: false }),
  decide: {
    know: ({ customerId }, holder, { id }) =>
      holder.open || holder.gone ? [] : [cards.HolderKnown({ accountId: id, customerId })],
    go: ({ reason }, holder, { id }) => (holder.gone ? [] : [cards.HolderGone({ accountId: id, reason })]),
  },
  evolve: {
    HolderKnown: (holder, { customerId }) => ({ ...holder, customerId, open: true }),
    HolderGone: (holder) => ({ ...holder, open: false, gone: true }),
  },
})
