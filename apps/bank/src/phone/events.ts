import { events } from '@headwater/service'
import { z } from 'zod'

/** What the phone's backend keeps itself: who is signed in where, and under which name people pay each other. */
export const phone = events('phone', {
  /** A session is named by the hash of its token: the token itself is kept nowhere. */
  SessionOpened: { data: z.object({ customerId: z.string(), handle: z.string(), expiresAt: z.string() }) },
  SessionClosed: { data: z.object({ customerId: z.string(), reason: z.string() }) },
  /** Reserved by somebody who signs up, and free again for others until it is given. */
  HandleReserved: { data: z.object({ signUp: z.string() }) },
  HandleGiven: { data: z.object({ handle: z.string(), customerId: z.string() }) },
})
