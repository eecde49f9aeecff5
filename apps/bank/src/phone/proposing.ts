import { count, experiment } from '@headwater/service'
import { payments } from '../payments/events.ts'

/** An experiment on a screen: what the phone shows is decided here, and exposed in this service's log before it answers. */
export const proposing = experiment('payees-proposed', {
  hypothesis: 'Proposing the last payees makes customers pay more often within 14 days.',
  unit: 'customerId',
  variants: { blank: 50, proposed: 50 },
  primary: count(payments.Debited, { within: '14d', expect: '10%' }),
  decide: { after: '14d', by: '2099-03-01' },
  adds: { screens: ['pay'] },
})
