import { link, view } from '@headwater/service'
import { type Bank, ifThere, me } from '../landscape.ts'
import { handlesOf } from '../payee.ts'

/** Shown at once; older ones are in the ledger. */
const shownMost = 100

interface Entry {
  readonly paymentId: string
  readonly amountMinor: number
  readonly otherAccountId: string
  readonly reference: string
}

/** One account and what went in and out, newest first. */
export const accountScreen = view(
  '/accounts/{accountId}',
  async ({ accountId }, context) => {
    me(context.caller)
    const bank = context.enter<Bank>()
    const [account, ledger, list] = await Promise.all([
      ifThere(bank.service('accounts').follow('account', { accountId })),
      ifThere(bank.service('payments').follow('ledger', { ledgerId: accountId })),
      ifThere(bank.service('payments').follow('entries', { ledgerId: accountId })),
    ])
    if (account === undefined) return undefined
    const entries = ((list?.state.entries ?? []) as Entry[]).slice(-shownMost).reverse()
    const handles = await handlesOf(
      context,
      entries.map(({ otherAccountId }) => otherAccountId),
    )
    return {
      accountId,
      name: account.state.name as string,
      ...(ledger === undefined ? {} : { balanceMinor: ledger.state.balanceMinor as number }),
      entries: entries.map(({ paymentId, amountMinor, otherAccountId, reference }) => ({
        paymentId,
        amountMinor,
        reference,
        /** Empty where the other side has no handle, as for deposits. */
        other: handles.get(otherAccountId) ?? '',
      })),
    }
  },
  { title: 'An account', links: { accounts: () => link('accounts', {}), pay: () => link('pay', {}) } },
)
