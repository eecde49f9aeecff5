import { events } from '@headwater/service'
import { z } from 'zod'

export const cards = events('cards', {
  CardIssued: {
    data: z.object({ cardId: z.string(), accountId: z.string(), customerId: z.string() }),
    level: 'published',
    key: 'cardId',
  },
  CardStopped: { data: z.object({ cardId: z.string(), reason: z.string() }), level: 'published', key: 'cardId' },
})
