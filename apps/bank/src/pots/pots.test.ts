import { given } from '@headwater/testing'
import { it } from 'vitest'
import { pot, pots } from './service.ts'

const opened = [pots.PotOpened({ customerId: 'c1' })]

it('saves what was asked for, or rounded up for those in the experiment', () => {
  given(pot, opened)
    .when('save', { amountMinor: 250 })
    .then(pots.Saved({ customerId: 'c1', amountMinor: 250 }))
  given(pot, opened, { variants: { 'round-ups': 'rounded' } })
    .when('save', { amountMinor: 250 })
    .then(pots.Saved({ customerId: 'c1', amountMinor: 300 }))
})

it('refuses to save into a pot that is closed', () => {
  given(pot).when('save', { amountMinor: 5 }).refused('pot-closed')
})

it('adds up what was saved', () => {
  given(pot, [...opened, pots.Saved({ customerId: 'c1', amountMinor: 5 })])
    .when('save', { amountMinor: 7 })
    .state({ customerId: 'c1', savedMinor: 12, open: true, payOuts: 0 })
})

it('pays out in parts, each where the pot has said before, and only when it is closed', () => {
  const saved = [...opened, pots.Saved({ customerId: 'c1', amountMinor: 1_500 })]
  const closed = [...saved, pots.PotClosed({ customerId: 'c1', reason: 'given up' })]
  const part = { accountId: 'a1', amountMinor: 1_000, number: 1, customerId: 'c1' }
  given(pot, saved).when('payOut', { accountId: 'a1', amountMinor: 1_000 }).refused('pot-open')
  given(pot, closed).when('payOut', { accountId: 'a1', amountMinor: 1_501 }).refused('nothing-to-pay-out')
  given(pot, closed).when('payOut', { accountId: 'a1', amountMinor: 1_000 }).then(pots.PayOutBegun(part))
  const begun = [...closed, pots.PayOutBegun(part)]
  given(pot, begun).when('payOut', { accountId: 'a2', amountMinor: 500 }).refused('nothing-to-pay-out')
  given(pot, begun).when('paidOut', { number: 1 }).then(pots.PotPaidOut(part))
  given(pot, [...begun, pots.PotPaidOut(part)])
    .when('paidOut', { number: 1 })
    .state({ customerId: 'c1', savedMinor: 500, open: false, payOuts: 1 })
})

it('is asked to be paid elsewhere when payments refused', () => {
  const part = { accountId: 'a1', amountMinor: 5, number: 1, customerId: 'c1' }
  const begun = [
    ...opened,
    pots.Saved({ customerId: 'c1', amountMinor: 5 }),
    pots.PotClosed({ customerId: 'c1', reason: 'given up' }),
    pots.PayOutBegun(part),
  ]
  given(pot, begun).when('notPaidOut', { number: 1 }).then(pots.PayOutRefused(part))
  given(pot, [...begun, pots.PayOutRefused(part)])
    .when('payOut', { accountId: 'a2', amountMinor: 5 })
    .then(pots.PayOutBegun({ ...part, accountId: 'a2', number: 2 }))
})
