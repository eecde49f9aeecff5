// Compiled by mistakes.test.ts, and by the type check of the repository; never run.
import { z } from 'zod'
import { enter } from './client.ts'
import { link, resource, serve, type Implementation } from './index.ts'

const customer = resource('/customers/{customerId}', {
  state: z.object({ name: z.string() }),
  links: { pots: (_, { variables }) => link('pots:pots', { customerId: variables.customerId }) },
  actions: { rename: { scope: 'customers:write', input: z.object({ name: z.string() }) } },
})
const pot = resource('/customers/{customerId}/pots/{potId}', {
  state: z.object({ customerId: z.string(), saved: z.int() }),
  links: {
    customer: ({ customerId }) => link('customers:customer', { customerId }),
    siblings: ({ customerId }) => link('pots', { customerId }),
  },
  optionalLinks: {
    twin: ({ saved, customerId }) => (saved > 1 ? link('pot', { customerId, potId: 'twin' }) : undefined),
  },
  actions: {
    open: { scope: 'pots:write', create: 'server', input: z.object({ name: z.string() }) },
    save: { scope: 'pots:write', when: ({ saved }) => saved < 9, input: z.object({ amountMinor: z.int() }) },
  },
})
const pots = resource('/customers/{customerId}/pots{?after}', {
  state: z.object({ ids: z.array(z.string()) }),
  links: { item: ({ ids }, { variables: { customerId } }) => ids.map((potId) => link('pot', { customerId, potId })) },
})
declare const potRead: Implementation<{ customerId: string; saved: number }, any>
declare const potsRead: Implementation<{ ids: string[] }, any>
export const handler = serve([pot, pots], { service: 'pots', implementation: { pot: potRead, pots: potsRead } })

export async function client() {
  const bank = enter<{ customers: [typeof customer]; pots: [typeof pot, typeof pots] }>('http://bank.test')
  const one = await bank.service('pots').follow('pot', { customerId: 'c', potId: 'p' })
  // Round in a circle, without one annotation.
  const again = await (await one.follow('customer').follow('pots')).follow('item')[0]!.follow('customer')
  again.state.name.toUpperCase()

  // @ts-expect-error 1: a service that does not exist
  bank.service('cards')
  // @ts-expect-error 2: a relation that does not exist
  one.follow('owner')
  // @ts-expect-error 3: a variable is missing
  bank.service('pots').follow('pot', { customerId: 'c' })
  // @ts-expect-error 4: a variable that the path has not
  bank.service('pots').follow('pots', { customerId: 'c', before: 'x' })
  // @ts-expect-error 5: an action that does not exist
  void one.act('withdraw', { amountMinor: 1 })
  // @ts-expect-error 6: an input of the wrong type
  void one.act('save', { amountMinor: '1' })
  // @ts-expect-error 7: an action without its input
  void one.act('save')
  // @ts-expect-error 8: a field that the state has not
  one.state.balance.toFixed()
  // @ts-expect-error 9: a link that may be lacking, used as if it were always there
  one.follow('twin').follow('customer')
  // @ts-expect-error 10: a list of links, used as if it were one
  void bank.service('pots').follow('pots', { customerId: 'c' }).follow('item')
}

resource('/drawers/{drawerId}', {
  state: z.object({ owner: z.string() }),
  links: {
    // @ts-expect-error 11: a required link is forgotten for some states
    owner: ({ owner }) => {
      if (owner !== '') return link('customers:customer', { customerId: owner })
    },
  },
})
resource('/drawers/{drawerId}', {
  state: z.object({ owner: z.string() }),
  // @ts-expect-error 12: a field that the state has not, in a link
  links: { owner: (drawer) => link('customers:customer', { customerId: drawer.keeper }) },
})
// @ts-expect-error 13: links forgotten altogether
resource('/drawers/{drawerId}', { state: z.object({ owner: z.string() }) })
resource('/drawers/{drawerId}', {
  state: z.object({ owner: z.string() }),
  links: {},
  // @ts-expect-error 14: an action without a scope
  actions: { lock: { when: ({ owner }) => owner === '' } },
})
const misled = resource('/drawers/{drawerId}', {
  state: z.object({ owner: z.string() }),
  links: { shelf: () => link('shelf', { shelfId: '1' }) },
})
declare const read: Implementation<{ owner: string }, any>
// @ts-expect-error 15: a link to a resource that does not exist
serve([misled], { service: 'drawers', implementation: { drawer: read } })
const short = resource('/drawers/{drawerId}', {
  state: z.object({ owner: z.string() }),
  links: { next: () => link('drawer', {}) },
})
// @ts-expect-error 16: a link without a variable of its target's path
serve([short], { service: 'drawers', implementation: { drawer: read } })
const right = resource('/drawers/{drawerId}', {
  state: z.object({ owner: z.string() }),
  links: { next: () => link('drawer', { drawerId: '2' }) },
})
// @ts-expect-error 17: a resource without an implementation
serve([right], { service: 'drawers', implementation: {} })
declare const numbers: Implementation<{ owner: number }, any>
// @ts-expect-error 18: an implementation that gives another state
serve([right], { service: 'drawers', implementation: { drawer: numbers } })
