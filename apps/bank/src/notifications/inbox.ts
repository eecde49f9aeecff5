import { createHash } from 'node:crypto'
import { decider, refuse } from '@headwater/service'
import { z } from 'zod'
import { speaksFor } from '../customers/speaking.ts'
import { notifications } from './events.ts'
import { isPushService } from './push-service.ts'

const base64url = (bytes: number) => z.string().regex(new RegExp(`^[\\w-]{${Math.ceil((bytes * 4) / 3)}}=*$`))

/** Where one browser is reached: the keys are RFC 8291's, of an uncompressed P-256 point and of 16 random bytes. */
export const subscription = z.object({
  endpoint: z.url().max(1_000).refine(isPushService, 'Expected an endpoint of a push service that is known.'),
  p256dh: base64url(65),
  auth: base64url(16),
})

/** Most browsers of one customer that are pushed to. */
const subscriptionsMost = 10

/** The same browser has the same id, however often it subscribes. */
export const subscriptionIdOf = (endpoint: string): string =>
  createHash('sha256').update(endpoint).digest('base64url').slice(0, 22)

export interface Inbox {
  readonly open: boolean
  readonly written: number
  readonly readUpTo: number
  readonly subscriptions: Readonly<Record<string, z.infer<typeof subscription>>>
}

/** All that a customer is told, in order, and where. Its id is the customer's. */
export const inbox = decider('inbox', notifications, {
  commands: {
    open: z.object({}),
    write: z.object({ text: z.string(), about: z.string(), happenedAt: z.string() }),
    markRead: z.object({ upTo: z.int().min(0) }),
    subscribe: subscription,
    unsubscribe: z.object({ endpoint: z.string() }),
    /** The push service knows the browser no more. */
    forget: z.object({ subscriptionId: z.string() }),
  },
  initialState: (): Inbox => ({ open: false, written: 0, readUpTo: 0, subscriptions: {} }),
  decide: {
    open: (_, { open }, { id }) => (open ? [] : [notifications.InboxOpened({ customerId: id })]),
    write: (cmd, { written }, { id }) => [
      notifications.NotificationWritten({ customerId: id, number: written + 1, ...cmd }),
    ],
    markRead: ({ upTo }, { readUpTo, written }, { id, caller }) => {
      if (!speaksFor(caller, id)) return notYours()
      const read = Math.min(upTo, written)
      return read > readUpTo ? [notifications.NotificationsRead({ customerId: id, upTo: read })] : []
    },
    subscribe: (cmd, { subscriptions }, { id, caller }) => {
      if (!speaksFor(caller, id)) return notYours()
      const subscriptionId = subscriptionIdOf(cmd.endpoint)
      const known = subscriptions[subscriptionId]
      if (known?.p256dh === cmd.p256dh && known.auth === cmd.auth) return []
      if (known === undefined && Object.keys(subscriptions).length >= subscriptionsMost)
        return refuse('too-many-browsers', `${subscriptionsMost} browsers are told already. Turn one of them off.`)
      return [notifications.PushSubscribed({ customerId: id, subscriptionId, ...cmd })]
    },
    unsubscribe: ({ endpoint }, inbox, { id, caller }) =>
      speaksFor(caller, id) ? without(inbox, id, subscriptionIdOf(endpoint)) : notYours(),
    forget: ({ subscriptionId }, inbox, { id }) => without(inbox, id, subscriptionId),
  },
  evolve: {
    InboxOpened: (inbox) => ({ ...inbox, open: true }),
    NotificationWritten: (inbox, { number }) => ({ ...inbox, written: number }),
    NotificationsRead: (inbox, { upTo }) => ({ ...inbox, readUpTo: upTo }),
    PushSubscribed: (inbox, { subscriptionId, endpoint, p256dh, auth }) => ({
      ...inbox,
      subscriptions: { ...inbox.subscriptions, [subscriptionId]: { endpoint, p256dh, auth } },
    }),
    PushUnsubscribed: (inbox, { subscriptionId }) => {
      const { [subscriptionId]: _, ...subscriptions } = inbox.subscriptions
      return { ...inbox, subscriptions }
    },
  },
})

const notYours = () => refuse('not-yours', 'Notifications are for whom they were written.')

const without = ({ subscriptions }: Inbox, customerId: string, subscriptionId: string) =>
  subscriptions[subscriptionId] === undefined ? [] : [notifications.PushUnsubscribed({ customerId, subscriptionId })]
