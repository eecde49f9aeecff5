import { decider, refuse } from '@headwater/service'
import { z } from 'zod'
import { customers } from './events.ts'

const name = z.string().trim().min(1).max(100)
const email = z.email().max(200)
const address = z.string().trim().min(1).max(300)

/** A person who banks here. What is personal is sealed in the log, under a key that can be forgotten. */
export const customer = decider('customer', customers, {
  commands: {
    register: z.object({ name, email, address }),
    changeAddress: z.object({ address }),
    deactivate: z.object({ reason: z.string().min(1).max(200) }),
  },
  initialState: () => ({ registered: false, active: false, name: '', email: '', address: '' }),
  decide: {
    register: (cmd, customer, { id }) =>
      customer.registered
        ? refuse('already-registered', 'This customer is registered already.')
        : [customers.CustomerRegistered({ customerId: id, ...cmd })],
    changeAddress: ({ address }, customer, { id }) => {
      if (!customer.active) return refuse('not-active', 'This customer is not active.')
      return address === customer.address ? [] : [customers.AddressChanged({ customerId: id, address })]
    },
    deactivate: ({ reason }, customer, { id }) =>
      customer.active ? [customers.CustomerDeactivated({ customerId: id, reason })] : [],
  },
  evolve: {
    CustomerRegistered: (_, { name, email, address }) => ({ registered: true, active: true, name, email, address }),
    AddressChanged: (customer, { address }) => ({ ...customer, address }),
    CustomerDeactivated: (customer) => ({ ...customer, active: false }),
  },
})
