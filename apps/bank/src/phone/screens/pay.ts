import { randomUUID } from 'node:crypto'
import { action, link, refuse, view, type ViewContext } from '@headwater/service'
import { z } from 'zod'
import { handle, handleText } from '../handle.ts'
import { type Bank, accountsOf, type Held, ifThere, me } from '../landscape.ts'
import { accountToPay, handlesOf } from '../payee.ts'
import { proposing } from '../proposing.ts'
import { keyed } from './accounts.ts'

const proposedMost = 5

/** Whom to pay, from what. Half of those who have paid before are proposed whom they paid last. */
export const payScreen = view(
  '/pay',
  async (_, context) => {
    const customerId = me(context.caller)
    const accounts = await accountsOf(context, customerId)
    const payees = await lastPayees(context, accounts)
    // Who has paid nobody yet would see the same either way, and is not exposed.
    const variant = payees.length === 0 ? undefined : await context.variant(proposing, customerId)
    return {
      accounts,
      payees: variant === 'proposed' ? payees : [],
      ...(variant === undefined ? {} : { experiment: { name: proposing.name, variant } }),
    }
  },
  {
    title: 'Pay',
    links: { accounts: () => link('accounts', {}) },
    actions: {
      pay: action({
        scope: 'phone:write',
        title: 'Pay',
        input: z.object({
          fromAccountId: z.string(),
          to: handleText,
          amountMinor: z.int().min(1).max(100_000_000),
          reference: z.string().max(140).default(''),
        }),
        async act({ to, ...payment }, context) {
          const { customerId } = await context.load(handle, to)
          if (customerId === '') return refuse('no-such-payee', `Nobody here is called @${to}.`)
          const toAccountId = await accountToPay(context, customerId)
          if (toAccountId === undefined) return refuse('payee-without-account', `@${to} has no account yet.`)
          await context
            .enter<Bank>()
            .service('payments')
            .act('payment.transfer', { ...payment, toAccountId }, keyed(context.idempotencyKey))
        },
      }),
      report: action({
        scope: 'phone:write',
        title: 'Say what was seen and touched of a variant',
        input: z.object({ variant: z.enum(['blank', 'proposed']), what: z.enum(['seen', 'tapped']) }),
        act: (input, { caller, idempotencyKey = randomUUID(), seen }) =>
          seen(proposing, { unit: me(caller), key: idempotencyKey, ...input }),
      }),
    },
  },
)

/** Handles of whom these accounts paid last, newest first. */
async function lastPayees(context: ViewContext, accounts: readonly Held[]): Promise<string[]> {
  const bank = context.enter<Bank>()
  const lists = await Promise.all(
    accounts.map(({ accountId }) => ifThere(bank.service('payments').follow('entries', { ledgerId: accountId }))),
  )
  const paid = lists
    .flatMap((list) => (list?.state.entries ?? []) as { amountMinor: number; otherAccountId: string }[])
    .filter(({ amountMinor }) => amountMinor < 0)
    .map(({ otherAccountId }) => otherAccountId)
    .reverse()
  const handles = await handlesOf(context, paid)
  return [...new Set(paid.flatMap((accountId) => handles.get(accountId) ?? []))].slice(0, proposedMost)
}
