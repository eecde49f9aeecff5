import { link, resource, service } from '@headwater/service'
import { customer } from './customer.ts'
import { customers } from './events.ts'
import { speaksFor } from './speaking.ts'

const customerResource = resource('/customers/{customerId}', customer, {
  title: 'A customer',
  visible: (_, { variables, caller }) => speaksFor(caller?.subject, variables.customerId),
  links: {
    accounts: (_, { variables: { customerId } }) => link('accounts:accounts', { customerId }),
    pots: (_, { variables: { customerId } }) => link('pots:pots', { customerId }),
  },
  actions: {
    register: { scope: 'customers:write', create: 'server', title: 'Register' },
    changeAddress: { scope: 'customers:write', when: (customer) => customer.active, title: 'Change the address' },
    deactivate: { scope: 'customers:write', when: (customer) => customer.active, title: 'Leave the bank' },
  },
})

export default service('customers', {
  title: 'Who banks here',
  facts: customers,
  resources: [customerResource],
})
