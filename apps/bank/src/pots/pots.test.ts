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
    .state({ customerId: 'c1', savedMinor: 12, open: true })
})
