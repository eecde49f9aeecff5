import { decider, entity, only, refuse } from '@headwater/service'
import { z } from 'zod'
import { speaksFor } from '../customers/speaking.ts'
import { accounts } from './events.ts'
import { owner } from './owner.ts'

const overdraftMinor = z.int().min(0).max(500_000)

/** An account a customer holds. What it holds is in the ledger of payments. */
export const account = decider('account', only(accounts, 'AccountOpened', 'OverdraftChanged', 'AccountClosed'), {
  commands: {
    open: z.object({
      customerId: z.string(),
      name: z.string().trim().min(1).max(60),
      overdraftMinor: overdraftMinor.default(0),
      initialDepositMinor: z.int().min(0).default(0),
    }),
    changeOverdraft: z.object({ overdraftMinor }),
    close: z.object({ reason: z.string().min(1).max(200) }),
  },
  reads: { open: ({ customerId }) => ({ owner: entity(owner, customerId) }) },
  initialState: () => ({ opened: false, open: false, customerId: '', name: '', overdraftMinor: 0, closedBecause: '' }),
  decide: {
    open: (cmd, account, { id, caller, others }) => {
      if (!speaksFor(caller, cmd.customerId)) return refuse('not-yours', 'An account is opened by whom it is for.')
      if (others.owner.state.left) return refuse('customer-left', 'This customer left the bank.')
      return account.opened
        ? refuse('already-opened', 'This account was opened already. Open one with another id.')
        : [accounts.AccountOpened({ accountId: id, ...cmd })]
    },
    changeOverdraft: (cmd, account, { id }) => {
      if (!account.open) return refuse('account-closed', 'This account is closed.')
      return account.overdraftMinor === cmd.overdraftMinor ? [] : [accounts.OverdraftChanged({ accountId: id, ...cmd })]
    },
    close: ({ reason }, account, { id }) =>
      account.open ? [accounts.AccountClosed({ accountId: id, customerId: account.customerId, reason })] : [],
  },
  evolve: {
    AccountOpened: (account, { customerId, name, overdraftMinor }) => ({
      ...account,
      opened: true,
      open: true,
      customerId,
      name,
      overdraftMinor,
    }),
    OverdraftChanged: (account, { overdraftMinor }) => ({ ...account, overdraftMinor }),
    AccountClosed: (account, { reason }) => ({ ...account, open: false, closedBecause: reason }),
  },
})
