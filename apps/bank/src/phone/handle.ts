import { decider, type InlineProjection, only, refuse } from '@headwater/service'
import { z } from 'zod'
import { phone } from './events.ts'

/** `@ada`: what people call each other when they pay. Its stream's name is what makes it unique. */
export const handleText = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z][a-z0-9_]{2,19}$/, 'Expected 3 to 20 letters, digits or _, beginning with a letter.')

export const handle = decider('handle', only(phone, 'HandleReserved', 'HandleGiven'), {
  commands: {
    reserve: z.object({ signUp: z.string() }),
    give: z.object({ signUp: z.string(), customerId: z.string() }),
  },
  initialState: () => ({ signUp: '', customerId: '' }),
  decide: {
    reserve: ({ signUp }, handle) => {
      if (handle.signUp === signUp) return []
      return handle.customerId === '' ? [phone.HandleReserved({ signUp })] : taken()
    },
    give: ({ signUp, customerId }, handle, { id }) => {
      if (handle.customerId === customerId) return []
      return handle.customerId === '' && handle.signUp === signUp
        ? [phone.HandleGiven({ handle: id, customerId })]
        : taken()
    },
  },
  evolve: {
    HandleReserved: (_, { signUp }) => ({ signUp, customerId: '' }),
    HandleGiven: (handle, { customerId }) => ({ ...handle, customerId }),
  },
})

const taken = () => refuse('handle-taken', 'Somebody has this name already. Choose another one.')

/** Customer → handle. */
export const handles: InlineProjection = {
  name: 'handles',
  decider: handle,
  rows: ({ type, data }, { id }) => (type === 'HandleGiven' ? [{ key: data.customerId, value: id }] : []),
}
