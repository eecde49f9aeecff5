import { decider, entity, only, refuse } from '@headwater/service'
import { z } from 'zod'
import { speaksFor } from '../customers/speaking.ts'
import { cards } from './events.ts'
import { holder } from './holder.ts'

export const card = decider('card', only(cards, 'CardIssued', 'CardStopped'), {
  commands: {
    issue: z.object({ accountId: z.string(), customerId: z.string() }),
    stop: z.object({ reason: z.string().min(1).max(200) }),
  },
  reads: { issue: ({ accountId }) => ({ holder: entity(holder, accountId) }) },
  initialState: () => ({ issued: false, usable: false, accountId: '', customerId: '' }),
  decide: {
    issue: (cmd, card, { id, caller, others: { holder } }) => {
      if (!speaksFor(caller, cmd.customerId)) return refuse('not-yours', 'A card is issued for whom it is asked by.')
      if (card.issued) return refuse('already-issued', 'This card was issued already.')
      if (!holder.state.open)
        return refuse('account-not-open', 'Cards knows of no such open account. One just opened is known in a moment.')
      return holder.state.customerId === cmd.customerId
        ? [cards.CardIssued({ cardId: id, ...cmd })]
        : refuse('not-yours', 'A card is issued for an account of the same customer.')
    },
    stop: ({ reason }, card, { id }) => (card.usable ? [cards.CardStopped({ cardId: id, reason })] : []),
  },
  evolve: {
    CardIssued: (_, { accountId, customerId }) => ({ issued: true, usable: true, accountId, customerId }),
    CardStopped: (card) => ({ ...card, usable: false }),
  },
})
