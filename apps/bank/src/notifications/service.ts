import {
  consumer,
  decider,
  events,
  type InlineProjection,
  link,
  only,
  resource,
  service,
  view,
} from '@headwater/service'
import { z } from 'zod'
import { payments } from '../payments/events.ts'

export const notifications = events('notifications', {
  NotificationWritten: {
    data: z.object({ customerId: z.string(), text: z.string(), about: z.string() }),
    level: 'published',
    key: 'customerId',
  },
  NotificationRead: { data: z.object({ customerId: z.string() }) },
})

/** One thing a customer is told. Its id is the id of the event it tells of, so that it cannot be written twice. */
export const notification = decider('notification', notifications, {
  commands: {
    write: z.object({ customerId: z.string(), text: z.string(), about: z.string() }),
    markRead: z.object({}),
  },
  initialState: () => ({ customerId: '', text: '', about: '', read: false }),
  decide: {
    write: (cmd, notification) => (notification.customerId === '' ? [notifications.NotificationWritten(cmd)] : []),
    markRead: (_, { customerId, read }) =>
      customerId === '' || read ? [] : [notifications.NotificationRead({ customerId })],
  },
  evolve: {
    NotificationWritten: (notification, data) => ({ ...notification, ...data }),
    NotificationRead: (notification) => ({ ...notification, read: true }),
  },
})

interface Listed {
  readonly notificationId: string
  readonly text: string
  readonly about: string
  readonly read: boolean
}

const byCustomer: InlineProjection = {
  name: 'notifications-by-customer',
  decider: notification,
  rows: (_, { id, state: { customerId, text, about, read } }) => [
    { key: `${customerId}/${id}`, value: { notificationId: id, text, about, read } satisfies Listed },
  ],
}

const notificationResource = resource('/notifications/{notificationId}', notification, {
  title: 'Something a customer is told',
  links: { customer: ({ customerId }) => link('customers:customer', { customerId }) },
  actions: { markRead: { scope: 'notifications:write', when: ({ read }) => !read, title: 'Mark as read' } },
})

const notificationList = view(
  '/notifications{?customerId}',
  async ({ customerId }, { rows }) => ({
    notifications: (await rows<Listed>('notifications-by-customer', { prefix: `${customerId ?? ''}/` })).map(
      ({ value }) => value,
    ),
  }),
  {
    title: 'What a customer was told',
    links: {
      notification: ({ notifications }) =>
        notifications.map(({ notificationId }) => link('notification', { notificationId })),
    },
  },
)

/** Money in minor units as people read it: 1250 → 12.50. */
const readable = (amountMinor: number) =>
  `${Math.trunc(amountMinor / 100)}.${String(amountMinor % 100).padStart(2, '0')}`

const arrivals = consumer('tell-of-arrivals', only(payments, 'Credited'), {
  Credited({ customerId, amountMinor, accountId, reference }, { event, run }) {
    if (customerId === '') return undefined
    const text = `${readable(amountMinor)} arrived${reference === '' ? '' : `: ${reference}`}`
    return run(notification.write, event.id, { customerId, text, about: accountId })
  },
})

export default service('notifications', {
  title: 'What customers are told',
  facts: notifications,
  resources: [notificationResource, notificationList],
  projections: [byCustomer],
  consumers: [arrivals],
})
