import { events } from '@headwater/service'
import { z } from 'zod'

/** Another service's contract, as its readers import it: types, none of its code. */
export const customers = events('customers', {
  CustomerDeactivated: { data: z.object({ customerId: z.string(), reason: z.string() }), level: 'published' },
})
