import { events } from '@headwater/service'
import { z } from 'zod'

/** What the customers service promises. Personal fields travel sealed, each under its person's key. */
export const customers = events('customers', {
  CustomerRegistered: {
    data: z.object({ customerId: z.string(), name: z.string(), email: z.string(), address: z.string() }),
    level: 'published',
    key: 'customerId',
    personal: { name: 'customerId', email: 'customerId', address: 'customerId' },
  },
  AddressChanged: {
    data: z.object({ customerId: z.string(), address: z.string() }),
    level: 'published',
    key: 'customerId',
    personal: { address: 'customerId' },
  },
  CustomerDeactivated: {
    data: z.object({ customerId: z.string(), reason: z.string() }),
    level: 'published',
    key: 'customerId',
  },
})
