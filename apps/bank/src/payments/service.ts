import { consumer, type InlineProjection, link, resource, service, view } from '@headwater/service'
import { accounts } from '../accounts/events.ts'
import { speaksFor } from '../customers/speaking.ts'
import { payments } from './events.ts'
import { ledger } from './ledger.ts'
import { payment } from './payment.ts'

interface Entry {
  readonly paymentId: string
  readonly amountMinor: number
  readonly otherAccountId: string
  readonly reference: string
}

/** What an account shows of its ledger, oldest first: the version of its stream orders the entries. */
const entries: InlineProjection = {
  name: 'entries',
  decider: ledger,
  rows: ({ type, data }, { id, version }) => {
    if (type !== 'Debited' && type !== 'Credited') return []
    const { paymentId, amountMinor, otherAccountId, reference } = data
    const value: Entry = {
      paymentId,
      amountMinor: type === 'Debited' ? -amountMinor : amountMinor,
      otherAccountId,
      reference,
    }
    return [{ key: `${id}/${String(version).padStart(10, '0')}`, value }]
  },
}

/** Every account's balance; their sum is always zero. */
const balances: InlineProjection = {
  name: 'balances',
  decider: ledger,
  rows: (_, { id, state: { balanceMinor } }) => [{ key: id, value: balanceMinor }],
}

const ledgerResource = resource('/ledgers/{ledgerId}', ledger, {
  title: 'What an account holds',
  visible: ({ customerId }, { caller }) => speaksFor(caller?.subject, customerId),
  links: { entries: (_, { variables: { ledgerId } }) => link('entries', { ledgerId }) },
  optionalLinks: {
    customer: ({ customerId }) => (customerId === '' ? undefined : link('customers:customer', { customerId })),
  },
  actions: {},
})

/** Entries of one answer; those before them are in the log. */
const entriesMost = 1_000

const entryList = view(
  '/ledgers/{ledgerId}/entries',
  async ({ ledgerId }, { caller, load, rows }) => {
    const { customerId } = await load(ledger, ledgerId)
    if (!speaksFor(caller?.subject, customerId)) return undefined
    const newest = await rows<Entry>('entries', { prefix: `${ledgerId}/`, newestFirst: true, limit: entriesMost })
    return { accountId: ledgerId, entries: newest.reverse().map(({ value }) => value) }
  },
  {
    title: 'Entries of an account',
    description: 'The last 1,000 of them, oldest first.',
    links: { ledger: ({ accountId }) => link('ledger', { ledgerId: accountId }) },
  },
)

/** Who paid sees where the money went, not what is there. */
const ledgerLink = (ledgerId: string, customerId: string, subject: string | undefined) =>
  speaksFor(subject, customerId) ? link('ledger', { ledgerId }) : undefined

const paymentResource = resource('/payments/{paymentId}', payment, {
  title: 'A payment',
  visible: ({ fromCustomerId, toCustomerId }, { caller }) =>
    speaksFor(caller?.subject, fromCustomerId) || speaksFor(caller?.subject, toCustomerId),
  show: ({ fromCustomerId: _from, toCustomerId: _to, ...payment }) => payment,
  links: {},
  optionalLinks: {
    from: ({ fromAccountId, fromCustomerId }, { caller }) => ledgerLink(fromAccountId, fromCustomerId, caller?.subject),
    to: ({ toAccountId, toCustomerId }, { caller }) => ledgerLink(toAccountId, toCustomerId, caller?.subject),
  },
  actions: {
    transfer: { scope: 'payments:write', create: 'server', title: 'Pay' },
    deposit: { scope: 'payments:write', create: 'server', title: 'Pay in' },
    reverse: { scope: 'payments:reverse', when: ({ made, reversed }) => made && !reversed, title: 'Take back' },
  },
})

/** The ledger follows the accounts; a first deposit that is refused is said so, and accounts draws the consequence. */
const follow = consumer('follow-accounts', accounts, {
  async AccountOpened({ accountId, customerId, overdraftMinor, initialDepositMinor }, { run }) {
    await run(ledger.open, accountId, { customerId, overdraftMinor })
    if (initialDepositMinor > 0) {
      await run(payment.depositFirst, `initial-${accountId}`, {
        toAccountId: accountId,
        amountMinor: initialDepositMinor,
      })
    }
  },
  OverdraftChanged: ({ accountId, overdraftMinor }, { run }) =>
    run(ledger.changeOverdraft, accountId, { overdraftMinor }),
  AccountClosed: ({ accountId, reason }, { run }) => run(ledger.close, accountId, { reason }),
})

export default service('payments', {
  title: 'The double-entry ledger',
  facts: payments,
  resources: [ledgerResource, entryList, paymentResource],
  projections: [entries, balances],
  consumers: [follow],
})
