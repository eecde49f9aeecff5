import { decider, only } from '@headwater/service'
import { z } from 'zod'
import { accounts } from './events.ts'

/** What accounts knows of a customer: whether they left. Whoever is new may not have been heard of yet. */
export const owner = decider('owner', only(accounts, 'OwnerLeft'), {
  commands: { leave: z.object({ reason: z.string() }) },
  initialState: () => ({ left: false }),
  decide: {
    leave: ({ reason }, owner, { id }) => (owner.left ? [] : [accounts.OwnerLeft({ customerId: id, reason })]),
  },
  evolve: { OwnerLeft: () => ({ left: true }) },
})
