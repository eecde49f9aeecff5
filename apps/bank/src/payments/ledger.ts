import { decider, only } from '@headwater/service'
import { z } from 'zod'
import { payments } from './events.ts'

/** Where money of deposits comes from and where the other side of every sum lies; its balance is minus all customers'. */
export const world = 'world'

/** One account's side of the ledger. Only payments debit and credit it. */
export const ledger = decider(
  'ledger',
  only(payments, 'LedgerOpened', 'LedgerOverdraftChanged', 'LedgerClosed', 'Debited', 'Credited'),
  {
    commands: {
      open: z.object({ customerId: z.string(), overdraftMinor: z.int().min(0) }),
      changeOverdraft: z.object({ overdraftMinor: z.int().min(0) }),
      close: z.object({ reason: z.string() }),
    },
    initialState: () => ({ customerId: '', open: false, overdraftMinor: 0, balanceMinor: 0 }),
    decide: {
      open: (cmd, ledger, { id }) => (ledger.open ? [] : [payments.LedgerOpened({ accountId: id, ...cmd })]),
      changeOverdraft: (cmd, ledger) =>
        ledger.open && ledger.overdraftMinor !== cmd.overdraftMinor ? [payments.LedgerOverdraftChanged(cmd)] : [],
      close: (cmd, ledger) => (ledger.open ? [payments.LedgerClosed(cmd)] : []),
    },
    evolve: {
      LedgerOpened: (ledger, { customerId, overdraftMinor }) => ({ ...ledger, customerId, overdraftMinor, open: true }),
      LedgerOverdraftChanged: (ledger, { overdraftMinor }) => ({ ...ledger, overdraftMinor }),
      LedgerClosed: (ledger) => ({ ...ledger, open: false }),
      Debited: (ledger, { amountMinor }) => ({ ...ledger, balanceMinor: ledger.balanceMinor - amountMinor }),
      Credited: (ledger, { amountMinor }) => ({ ...ledger, balanceMinor: ledger.balanceMinor + amountMinor }),
    },
  },
)
