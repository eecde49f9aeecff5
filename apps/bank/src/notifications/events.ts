import { events } from '@headwater/service'
import { z } from 'zod'

/** What the notifications service promises. Where a phone is reached is sealed: it would let anybody who reads it push. */
export const notifications = events('notifications', {
  /** Every customer has one. */
  InboxOpened: { data: z.object({ customerId: z.string() }), key: 'customerId' },
  NotificationWritten: {
    data: z.object({
      customerId: z.string(),
      /** 1, 2, 3… for each customer, so that a phone can tell that it missed nothing. */
      number: z.int(),
      text: z.string(),
      /** What it is about: an account. */
      about: z.string(),
      happenedAt: z.string(),
    }),
    level: 'published',
    key: 'customerId',
  },
  NotificationsRead: { data: z.object({ customerId: z.string(), upTo: z.int() }), key: 'customerId' },
  PushSubscribed: {
    data: z.object({
      customerId: z.string(),
      subscriptionId: z.string(),
      endpoint: z.string(),
      p256dh: z.string(),
      auth: z.string(),
    }),
    key: 'customerId',
    personal: { endpoint: 'customerId', p256dh: 'customerId', auth: 'customerId' },
  },
  PushUnsubscribed: { data: z.object({ customerId: z.string(), subscriptionId: z.string() }), key: 'customerId' },
})
