import { consumer, type InlineProjection, link, only, resource, service, view } from '@headwater/service'
import { customers } from '../customers/events.ts'
import { speaksFor } from '../customers/speaking.ts'
import { payments } from '../payments/events.ts'
import { notifications } from './events.ts'
import { inbox } from './inbox.ts'
import { live, type Told, toldKey, wakeListeners } from './live.ts'
import { deliver, makeServerKeys, pushes, tables } from './push.ts'

const told: InlineProjection = {
  name: 'told',
  decider: inbox,
  personal: true,
  rows: ({ type, data }, { id }) =>
    type === 'NotificationWritten' ? [{ key: toldKey(id, data.number), value: shown(data) }] : [],
}

const shown = ({ number, text, about, happenedAt }: Told): Told => ({ number, text, about, happenedAt })

/** Browsers to push to, without what is sealed, and the last notification before each subscribed. */
const subscriptions: InlineProjection = {
  name: 'push-subscriptions',
  decider: inbox,
  personal: true,
  rows({ type, data }, { id, state }) {
    if (type !== 'PushSubscribed' && type !== 'PushUnsubscribed') return []
    const key = `${id}/${data.subscriptionId}`
    return [type === 'PushSubscribed' ? { key, value: { after: state.written } } : { key }]
  },
}

const inboxResource = resource('/inboxes/{customerId}', inbox, {
  name: 'inbox',
  title: 'How much a customer was told and has read',
  visible: (_, { variables, caller }) => speaksFor(caller?.subject, variables.customerId),
  show: ({ written, readUpTo, subscriptions }) => ({
    written,
    readUpTo,
    unread: written - readUpTo,
    browsers: Object.keys(subscriptions).length,
  }),
  links: {
    customer: (_, { variables: { customerId } }) => link('customers:customer', { customerId }),
    notifications: (_, { variables: { customerId } }) => link('notifications', { customerId }),
  },
  actions: {
    markRead: { scope: 'notifications:write', title: 'Mark as read' },
    subscribe: { scope: 'notifications:write', title: 'Tell a browser' },
    unsubscribe: { scope: 'notifications:write', title: 'Tell a browser no more' },
  },
})

/** Shown at once; older ones are in the log. */
const shownMost = 50

const notificationList = view(
  '/notifications{?customerId}',
  async ({ customerId = '' }, { query, load }) => {
    const rows = await query<{ value: Told }>(
      `select value from headwater.rows where projection = 'told' and starts_with(key, $1) order by key desc limit ${shownMost}`,
      [`${customerId}/`],
    )
    const { readUpTo } = await load(inbox, customerId)
    return { notifications: rows.map(({ value }) => ({ ...value, read: value.number <= readUpTo })) }
  },
  {
    title: 'What a customer was told, newest first',
    visible: (_, { variables, caller }) => speaksFor(caller?.subject, variables.customerId ?? ''),
    links: { inbox: (_, { variables: { customerId } }) => link('inbox', { customerId: customerId ?? '' }) },
  },
)

/** The key a browser subscribes with: pushes signed by another are refused. */
const pushKey = view(
  '/push-key',
  async (_, { query }) =>
    (await query<{ publicKey: string }>('select public_key as "publicKey" from push.server_keys'))[0],
  { title: 'The public key that pushes are signed by', links: {} },
)

/** Money in minor units as people read it: 1250 → 12.50. */
const readable = (amountMinor: number) =>
  `${Math.trunc(amountMinor / 100)}.${String(amountMinor % 100).padStart(2, '0')}`

/** There is an inbox before there is anything in it, so that a browser can ask to be told. */
const arrivers = consumer('open-inboxes', only(customers, 'CustomerRegistered'), {
  CustomerRegistered: ({ customerId }, { run }) => run(inbox.open, customerId, {}),
})

const arrivals = consumer('tell-of-arrivals', only(payments, 'Credited'), {
  Credited({ customerId, amountMinor, accountId, reference }, { event, run }) {
    if (customerId === '') return undefined
    const text = `${readable(amountMinor)} arrived${reference === '' ? '' : `: ${reference}`}`
    return run(inbox.write, customerId, { text, about: accountId, happenedAt: event.occurredAt })
  },
})

export default service('notifications', {
  title: 'What customers are told',
  facts: notifications,
  tables,
  resources: [inboxResource, notificationList, pushKey],
  projections: [told, subscriptions],
  consumers: [arrivers, arrivals, pushes],
  deliver,
  routes: { live },
  async start(running) {
    await makeServerKeys(running)
    return await wakeListeners(running)
  },
})
