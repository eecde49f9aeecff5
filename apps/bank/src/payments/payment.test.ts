import { given } from '@headwater/testing'
import { describe, it } from 'vitest'
import { at, entity } from '@headwater/service'
import { payments } from './events.ts'
import { ledger } from './ledger.ts'
import { payment } from './payment.ts'

const ada = [payments.LedgerOpened({ accountId: 'a', customerId: 'ada', overdraftMinor: 100 })]
const bob = [payments.LedgerOpened({ accountId: 'b', customerId: 'bob', overdraftMinor: 0 })]
const credited = (accountId: string, customerId: string, amountMinor: number) =>
  payments.Credited({ accountId, customerId, paymentId: 'p0', amountMinor, otherAccountId: 'world', reference: '' })

const side = (accountId: string, customerId: string, otherAccountId: string, amountMinor: number, reference = '') => ({
  accountId,
  customerId,
  paymentId: 'p1',
  amountMinor,
  otherAccountId,
  reference,
})

describe('a transfer', () => {
  const between = (from: readonly any[], to: readonly any[]) => ({
    id: 'p1',
    others: { from: { id: 'a', events: from }, to: { id: 'b', events: to } },
  })

  it('debits one ledger and credits the other by the same amount', () => {
    given(payment, [], between([...ada, credited('a', 'ada', 500)], bob))
      .when('transfer', { fromAccountId: 'a', toAccountId: 'b', amountMinor: 300 })
      .then(
        payments.PaymentMade({
          paymentId: 'p1',
          kind: 'transfer',
          fromAccountId: 'a',
          toAccountId: 'b',
          fromCustomerId: 'ada',
          toCustomerId: 'bob',
          amountMinor: 300,
          reference: '',
        }),
        at(entity(ledger, 'a'), payments.Debited(side('a', 'ada', 'b', 300))),
        at(entity(ledger, 'b'), payments.Credited(side('b', 'bob', 'a', 300))),
      )
  })

  it('may use the overdraft, and not a unit more', () => {
    given(payment, [], between(ada, bob))
      .when('transfer', { fromAccountId: 'a', toAccountId: 'b', amountMinor: 101 })
      .refused('not-enough-money')
  })

  it('goes to an account that is open, and to another one', () => {
    given(payment, [], between(ada, []))
      .when('transfer', { fromAccountId: 'a', toAccountId: 'b', amountMinor: 1 })
      .refused('account-not-open')
    given(payment, [], between(ada, bob))
      .when('transfer', { fromAccountId: 'a', toAccountId: 'a', amountMinor: 1 })
      .refused('same-account')
  })
})

describe('a reversal', () => {
  const made = [
    payments.PaymentMade({
      paymentId: 'p1',
      kind: 'transfer',
      fromAccountId: 'a',
      toAccountId: 'b',
      fromCustomerId: 'ada',
      toCustomerId: 'bob',
      amountMinor: 300,
      reference: '',
    }),
  ]
  const back = {
    id: 'p1',
    others: { from: { id: 'b', events: [...bob, credited('b', 'bob', 300)] }, to: { id: 'a', events: ada } },
  }

  it('is a payment the other way: nothing is edited', () => {
    given(payment, made, back)
      .when('reverse', { reason: 'wrong person' })
      .then(
        payments.PaymentReversed({ paymentId: 'p1', reason: 'wrong person' }),
        at(entity(ledger, 'b'), payments.Debited(side('b', 'bob', 'a', 300, 'wrong person'))),
        at(entity(ledger, 'a'), payments.Credited(side('a', 'ada', 'b', 300, 'wrong person'))),
      )
  })

  it('happens once', () => {
    given(payment, [...made, payments.PaymentReversed({ paymentId: 'p1', reason: 'x' })], back)
      .when('reverse', { reason: 'again' })
      .refused('nothing-to-reverse')
  })
})

describe('a first deposit', () => {
  it('that is too large is refused by an event, which accounts reacts to', () => {
    given(payment, [], { id: 'initial-a', others: { to: { id: 'a', events: ada } } })
      .when('depositFirst', { toAccountId: 'a', amountMinor: 1_000_001 })
      .then(payments.InitialDepositRefused({ accountId: 'a', amountMinor: 1_000_001, code: 'deposit-too-large' }))
  })
})
