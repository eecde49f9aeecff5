import { events } from '@headwater/contract'
import { z } from 'zod'

export const orders = events('orders', {
  Placed: { data: z.object({ n: z.int(), pad: z.string() }), level: 'published' },
})
/** So long that an event is served as 500 bytes. */
export const pad = 'x'.repeat(92)
