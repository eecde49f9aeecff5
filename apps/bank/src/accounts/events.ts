import { events } from '@headwater/service'
import { z } from 'zod'

/** What the accounts service promises. Money is integer minor units. */
export const accounts = events('accounts', {
  AccountOpened: {
    data: z.object({
      accountId: z.string(),
      customerId: z.string(),
      name: z.string(),
      overdraftMinor: z.int(),
      /** Asked for with the opening; payments deposits it, or refuses and the account closes again. */
      initialDepositMinor: z.int(),
    }),
    level: 'published',
    key: 'accountId',
  },
  OverdraftChanged: {
    data: z.object({ accountId: z.string(), overdraftMinor: z.int() }),
    level: 'published',
    key: 'accountId',
  },
  /** The customer left the bank: from here on nothing is opened for them, and what is open closes. */
  OwnerLeft: {
    data: z.object({ customerId: z.string(), reason: z.string() }),
    level: 'published',
    key: 'customerId',
  },
  AccountClosed: {
    data: z.object({ accountId: z.string(), customerId: z.string(), reason: z.string() }),
    level: 'published',
    key: 'accountId',
  },
})
