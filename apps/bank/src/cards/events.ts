import { events } from '@headwater/service'
import { z } from 'zod'

export const cards = events('cards', {
  CardIssued: {
    data: z.object({ cardId: z.string(), accountId: z.string(), customerId: z.string() }),
    level: 'published',
    key: 'cardId',
  },
  CardStopped: { data: z.object({ cardId: z.string(), reason: z.string() }), level: 'published', key: 'cardId' },
  /** What cards knows of accounts: whose they are. */
  HolderKnown: { data: z.object({ accountId: z.string(), customerId: z.string() }), key: 'accountId' },
  /** The account closed: from here on no card is issued for it, and those there are stop. */
  HolderGone: {
    data: z.object({ accountId: z.string(), reason: z.string() }),
    level: 'published',
    key: 'accountId',
  },
})
