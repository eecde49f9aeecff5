import { consumer, type InlineProjection, link, only, resource, service, view } from '@headwater/service'
import { customers } from '../customers/events.ts'
import { speaksFor } from '../customers/speaking.ts'
import { payments } from '../payments/events.ts'
import { account } from './account.ts'
import { accounts } from './events.ts'
import { owner } from './owner.ts'

interface Listed {
  readonly accountId: string
  readonly name: string
  readonly open: boolean
}

/** Accounts by customer: what a list shows, and whom a leaver's accounts are found by. */
const byCustomer: InlineProjection = {
  name: 'accounts-by-customer',
  decider: account,
  rows: (_, { id, state: { customerId, name, open } }) => [
    { key: `${customerId}/${id}`, value: { accountId: id, name, open } satisfies Listed },
  ],
}

const accountResource = resource('/accounts/{accountId}', account, {
  title: 'An account',
  visible: ({ customerId }, { caller }) => speaksFor(caller?.subject, customerId),
  links: {
    customer: ({ customerId }) => link('customers:customer', { customerId }),
    ledger: (_, { variables: { accountId } }) => link('payments:ledger', { ledgerId: accountId }),
    cards: (_, { variables: { accountId } }) => link('cards:cards', { accountId }),
  },
  actions: {
    open: { scope: 'accounts:write', create: 'server', title: 'Open an account' },
    changeOverdraft: { scope: 'accounts:write', when: (account) => account.open, title: 'Change the overdraft' },
    close: { scope: 'accounts:write', when: (account) => account.open, title: 'Close' },
  },
})

const accountList = view(
  '/accounts{?customerId}',
  async ({ customerId }, { rows }) => ({
    accounts: (await rows<Listed>('accounts-by-customer', { prefix: `${customerId ?? ''}/` })).map(
      ({ value }) => value,
    ),
  }),
  {
    title: 'Accounts of a customer',
    visible: (_, { variables, caller }) => speaksFor(caller?.subject, variables.customerId ?? ''),
    links: {
      account: ({ accounts }) => accounts.map(({ accountId, name }) => link('account', { accountId }, { title: name })),
    },
  },
)

/**
 * A leaver's accounts close because the customer left: nobody calls anybody. They are looked for once it is in this log that the
 * customer left, since nothing is opened after that: one that was being opened meanwhile is among them.
 */
const leavers = consumer(
  'close-accounts-of-leavers',
  [only(customers, 'CustomerDeactivated'), only(accounts, 'OwnerLeft')],
  {
    CustomerDeactivated: ({ customerId, reason }, { run }) => run(owner.leave, customerId, { reason }),
    async OwnerLeft({ customerId, reason }, { query, run }) {
      const { rows } = await query<{ key: string }>(
        `select key from headwater.rows where projection = 'accounts-by-customer' and starts_with(key, $1)`,
        [`${customerId}/`],
      )
      for (const { key } of rows)
        await run(account.close, key.slice(customerId.length + 1), { reason: `customer left: ${reason}` })
    },
  },
)

/** An account whose first deposit was refused closes again. No transaction spans the two services: react and compensate. */
const refusedDeposits = consumer('close-accounts-without-deposit', only(payments, 'InitialDepositRefused'), {
  InitialDepositRefused: ({ accountId, code }, { run }) =>
    run(account.close, accountId, { reason: `initial deposit refused: ${code}` }),
})

export default service('accounts', {
  title: 'Accounts that customers hold',
  facts: accounts,
  resources: [accountResource, accountList],
  projections: [byCustomer],
  consumers: [leavers, refusedDeposits],
})
