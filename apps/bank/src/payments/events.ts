import { events } from '@headwater/service'
import { z } from 'zod'

const entry = z.object({
  accountId: z.string(),
  customerId: z.string(),
  paymentId: z.string(),
  amountMinor: z.int(),
  /** The account on the other side. */
  otherAccountId: z.string(),
  reference: z.string(),
})

/**
 * A double-entry ledger: each payment debits one account and credits another by the same amount, in one append.
 * An entry is never edited; what was wrong is reversed by a payment the other way.
 */
export const payments = events('payments', {
  LedgerOpened: { data: z.object({ accountId: z.string(), customerId: z.string(), overdraftMinor: z.int() }) },
  LedgerOverdraftChanged: { data: z.object({ overdraftMinor: z.int() }) },
  LedgerClosed: { data: z.object({ reason: z.string() }) },
  Debited: { data: entry, level: 'published', key: 'accountId' },
  Credited: { data: entry, level: 'published', key: 'accountId' },
  PaymentMade: {
    data: z.object({
      paymentId: z.string(),
      kind: z.enum(['deposit', 'transfer', 'reversal']),
      fromAccountId: z.string(),
      toAccountId: z.string(),
      /** Whose the accounts are; empty for the world outside. */
      fromCustomerId: z.string(),
      toCustomerId: z.string(),
      amountMinor: z.int(),
      reference: z.string(),
    }),
    level: 'published',
    version: 2,
    upcast: { 1: (payment) => ({ ...payment, fromCustomerId: '', toCustomerId: '' }) },
  },
  PaymentReversed: { data: z.object({ paymentId: z.string(), reason: z.string() }), level: 'published' },
  /** The deposit that an account was opened with did not come. */
  InitialDepositRefused: {
    data: z.object({ accountId: z.string(), amountMinor: z.int(), code: z.string() }),
    level: 'published',
    key: 'accountId',
  },
})
