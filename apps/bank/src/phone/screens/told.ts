import { action, link, view, type ViewContext } from '@headwater/service'
import { z } from 'zod'
import type { Told } from '../../notifications/live.ts'
import { type Bank, ifThere, me } from '../landscape.ts'
import { keyed } from './accounts.ts'

/** What a customer was told, newest first, and how a browser can be told too. */
export const toldScreen = view(
  '/told',
  async (_, { caller, enter }) => {
    const service = enter<Bank>().service('notifications')
    const [list, key] = await Promise.all([
      service.follow('notifications', { customerId: me(caller) }),
      ifThere(service.follow('push-key')),
    ])
    return {
      notifications: list.state.notifications as (Told & { readonly read: boolean })[],
      ...(key === undefined ? {} : { pushKey: key.state.publicKey as string }),
    }
  },
  {
    title: 'What you were told',
    links: { accounts: () => link('accounts', {}) },
    actions: {
      markRead: action({
        scope: 'phone:write',
        title: 'Mark as read',
        input: z.object({ upTo: z.int().min(0) }),
        act: (input, context) =>
          toInbox(context).act('markRead', input, keyed(context.idempotencyKey)).then(nothingToAdd),
      }),
      subscribe: action({
        scope: 'phone:write',
        title: 'Tell this browser',
        input: z.object({ endpoint: z.url(), p256dh: z.string(), auth: z.string() }),
        act: (input, context) =>
          toInbox(context).act('subscribe', input, keyed(context.idempotencyKey)).then(nothingToAdd),
      }),
      unsubscribe: action({
        scope: 'phone:write',
        title: 'Tell this browser no more',
        input: z.object({ endpoint: z.string() }),
        act: (input, context) =>
          toInbox(context).act('unsubscribe', input, keyed(context.idempotencyKey)).then(nothingToAdd),
      }),
    },
  },
)

const toInbox = ({ caller, enter }: ViewContext) =>
  enter<Bank>()
    .service('notifications')
    .follow('inbox', { customerId: me(caller) })

const nothingToAdd = () => undefined
