import { at, decider, type Entity, entity, only, refuse, type StateOf } from '@headwater/service'
import { z } from 'zod'
import { speaksFor } from '../customers/speaking.ts'
import { payments } from './events.ts'
import { ledger, world } from './ledger.ts'

const amountMinor = z.int().min(1).max(100_000_000)
const reference = z.string().max(140).default('')

/** The most that comes in at once from outside, in minor units. */
const depositMostMinor = 1_000_000

type Side = Entity<StateOf<typeof ledger>>

interface Sum {
  readonly paymentId: string
  readonly from: Side
  readonly to: Side
  readonly amountMinor: number
  readonly reference: string
}

/** A payment between two accounts: both ledgers are read, and their entries written, in one append. */
export const payment = decider(
  'payment',
  only(payments, 'PaymentMade', 'PaymentReversed', 'InitialDepositRefused', 'Debited', 'Credited'),
  {
    commands: {
      transfer: z.object({ fromAccountId: z.string(), toAccountId: z.string(), amountMinor, reference }),
      deposit: z.object({ toAccountId: z.string(), amountMinor, reference }),
      /** The deposit an account is opened with: its refusal is an event, since nobody waits for the answer. */
      depositFirst: z.object({ toAccountId: z.string(), amountMinor }),
      reverse: z.object({ reason: z.string().max(140) }),
    },
    initialState: () => ({
      made: false,
      reversed: false,
      fromAccountId: world,
      toAccountId: world,
      fromCustomerId: '',
      toCustomerId: '',
      amountMinor: 0,
    }),
    reads: {
      transfer: ({ fromAccountId, toAccountId }) => ({
        from: entity(ledger, fromAccountId),
        to: entity(ledger, toAccountId),
      }),
      deposit: ({ toAccountId }) => ({ from: entity(ledger, world), to: entity(ledger, toAccountId) }),
      depositFirst: ({ toAccountId }) => ({ from: entity(ledger, world), to: entity(ledger, toAccountId) }),
      reverse: (_, { fromAccountId, toAccountId }) => ({
        from: entity(ledger, toAccountId),
        to: entity(ledger, fromAccountId),
      }),
    },
    decide: {
      transfer: (cmd, payment, { id, caller, others: { from, to } }) => {
        if (!speaksFor(caller, from.state.customerId)) return refuse('not-yours', 'Pay from an account of your own.')
        if (payment.made) return refuse('already-made', 'This payment was made. Make another one.')
        if (from.id === to.id) return refuse('same-account', 'Pay from one account to another one.')
        return (
          refusalOf(from, to, cmd.amountMinor) ??
          made('transfer', { paymentId: id, from, to, amountMinor: cmd.amountMinor, reference: cmd.reference })
        )
      },
      deposit: (cmd, payment, { id, caller, others: { from, to } }) => {
        if (!speaksFor(caller, to.state.customerId)) return refuse('not-yours', 'Pay into an account of your own.')
        if (payment.made) return refuse('already-made', 'This payment was made. Make another one.')
        const { amountMinor, reference } = cmd
        return depositRefusal(to, amountMinor) ?? made('deposit', { paymentId: id, from, to, amountMinor, reference })
      },
      depositFirst: ({ toAccountId, amountMinor }, payment, { id, others: { from, to } }) => {
        if (payment.made) return []
        const refusal = depositRefusal(to, amountMinor)
        return refusal === undefined
          ? made('deposit', { paymentId: id, from, to, amountMinor, reference: 'initial deposit' })
          : [payments.InitialDepositRefused({ accountId: toAccountId, amountMinor, code: refusal.code })]
      },
      reverse: ({ reason }, payment, { id, caller, others: { from, to } }) => {
        if (!speaksFor(caller, from.state.customerId))
          return refuse('not-yours', 'A payment is given back by who got it, or by the bank.')
        if (!payment.made || payment.reversed)
          return refuse('nothing-to-reverse', 'This payment was not made, or is reversed already.')
        return (
          refusalOf(from, to, payment.amountMinor) ?? [
            payments.PaymentReversed({ paymentId: id, reason }),
            ...entries({ paymentId: id, from, to, amountMinor: payment.amountMinor, reference: reason }),
          ]
        )
      },
    },
    evolve: {
      PaymentMade: (payment, { fromAccountId, toAccountId, fromCustomerId, toCustomerId, amountMinor }) => ({
        ...payment,
        made: true,
        fromAccountId,
        toAccountId,
        fromCustomerId,
        toCustomerId,
        amountMinor,
      }),
      InitialDepositRefused: (payment) => payment,
      PaymentReversed: (payment) => ({ ...payment, reversed: true }),
      Debited: (payment) => payment,
      Credited: (payment) => payment,
    },
  },
)

function depositRefusal(to: Side, amountMinor: number) {
  if (amountMinor > depositMostMinor)
    return refuse('deposit-too-large', 'More than 10,000.00 at once needs a visit to a branch.')
  return to.state.open ? undefined : refuse('account-not-open', 'The account to be paid into is not open.')
}

function made(kind: 'deposit' | 'transfer', sum: Sum) {
  const { paymentId, from, to, amountMinor, reference } = sum
  return [
    payments.PaymentMade({
      paymentId,
      kind,
      fromAccountId: from.id,
      toAccountId: to.id,
      fromCustomerId: from.state.customerId,
      toCustomerId: to.state.customerId,
      amountMinor,
      reference,
    }),
    ...entries(sum),
  ]
}

/** The outside world owes without limit; a customer only up to the overdraft. */
function refusalOf(from: Side, to: Side, amountMinor: number) {
  if (to.id !== world && !to.state.open) return refuse('account-not-open', 'The account to be paid into is not open.')
  if (from.id === world) return undefined
  if (!from.state.open) return refuse('account-not-open', 'The account to be paid from is not open.')
  const available = from.state.balanceMinor + from.state.overdraftMinor
  return amountMinor > available
    ? refuse('not-enough-money', `There are ${available} to be spent, ${amountMinor} were asked for.`)
    : undefined
}

/** Both sides of a sum, each on its ledger's own stream. */
function entries(sum: Sum) {
  const { paymentId, from, to, amountMinor, reference } = sum
  const entry = (own: Side, other: Side) => ({
    accountId: own.id,
    customerId: own.state.customerId,
    paymentId,
    amountMinor,
    otherAccountId: other.id,
    reference,
  })
  return [at(from, payments.Debited(entry(from, to))), at(to, payments.Credited(entry(to, from)))]
}
