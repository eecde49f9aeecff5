import { events } from '@headwater/contract'
import { z } from 'zod'
import { consumer } from './index.ts'

const customers = events('customers', {
  CustomerDeactivated: { data: z.object({ customerId: z.string(), reason: z.string() }), level: 'published' },
})
const payments = events('payments', { Sent: { data: z.object({ amountMinor: z.int() }), level: 'published' } })
const close = (data: { reason: string }) => data

consumer('leavers', customers, {
  CustomerDeactivated: ({ customerId, reason }, { run, event, outbox }) => {
    outbox({ to: customerId, at: event.position })
    return run(close, customerId, { reason })
  },
})
consumer('both', [customers, payments], {
  Sent: ({ amountMinor }) => amountMinor.toFixed(),
  CustomerDeactivated: ({ reason }) => reason.trim(),
})
consumer('sets', [customers, payments], {
  async batch(events, { query, run }) {
    for (const event of events) {
      if (event.type === 'Sent') await query('select $1', [event.data.amountMinor.toFixed()])
      else await run(event, close, event.data.customerId, { reason: event.data.reason })
    }
  },
})
// @ts-expect-error an event the service does not declare
consumer('leavers', customers, { CustomerLeft: () => undefined })
consumer('leavers', customers, {
  // @ts-expect-error a field the event does not have
  CustomerDeactivated: ({ customer }) => customer,
})
consumer('leavers', customers, {
  // @ts-expect-error data the command does not take
  CustomerDeactivated: (_, { run }) => run(close, 'x', { why: '' }),
})
