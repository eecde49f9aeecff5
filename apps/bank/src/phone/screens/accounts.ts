import { action, link, view, type ViewContext } from '@headwater/service'
import { z } from 'zod'
import { type Bank, accountsOf, ifThere, me } from '../landscape.ts'

/** The first screen: everything a customer has here. */
export const accountsScreen = view(
  '/accounts',
  async (_, context) => {
    const customerId = me(context.caller)
    const bank = context.enter<Bank>()
    const [customer, accounts, inbox] = await Promise.all([
      ifThere(bank.service('customers').follow('customer', { customerId })),
      accountsOf(context, customerId),
      ifThere(bank.service('notifications').follow('inbox', { customerId })),
    ])
    return {
      name: (customer?.state.name ?? '') as string,
      handle: await handleOf(context, customerId),
      accounts,
      totalMinor: accounts.reduce((sum, { balanceMinor = 0 }) => sum + balanceMinor, 0),
      unread: (inbox?.state.unread ?? 0) as number,
    }
  },
  {
    title: 'Your accounts',
    links: {
      account: ({ accounts }) => accounts.map(({ accountId, name }) => link('account', { accountId }, { title: name })),
      pay: () => link('pay', {}),
      pots: () => link('pots', {}),
      told: () => link('told', {}),
      session: () => link('session', {}),
    },
    actions: {
      openAccount: action({
        scope: 'phone:write',
        title: 'Open an account',
        input: z.object({
          name: z.string().trim().min(1).max(60),
          initialDepositMinor: z.int().min(0).max(1_000_000),
        }),
        async act(input, { caller, enter, idempotencyKey }) {
          const customerId = me(caller)
          const list = await enter<Bank>().service('accounts').follow('accounts', { customerId })
          await list.act('account.open', { customerId, ...input }, keyed(idempotencyKey))
        },
      }),
    },
  },
)

/** The caller's key goes on, so that a repeat is one where it counts. */
export const keyed = (idempotencyKey: string | undefined) => (idempotencyKey === undefined ? {} : { idempotencyKey })

export async function handleOf({ rows }: Pick<ViewContext, 'rows'>, customerId: string): Promise<string> {
  return (await rows<string>('handles', { prefix: customerId }))[0]?.value ?? ''
}
