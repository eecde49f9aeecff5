import { consumer, decider, events, experiment, link, refuse, resource, service, share, sum } from '@headwater/service'
import { z } from 'zod'
import { customers } from './customers.ts' // another service's contract: its types, none of its code

export const facts = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }), level: 'published' },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), level: 'published' },
  PotClosed: { data: z.object({ reason: z.string() }) }, // no level: internal
})
export const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up makes customers save at least 10 % more within 28 days.',
  unit: 'customerId', variants: { plain: 50, rounded: 50 },
  primary: sum(facts.Saved, 'amountMinor', { within: '28d' }), // data, not a function: can be sealed, can be SQL
  guardrails: [share(facts.PotClosed, { mayRise: '1pp' })],
  decide: { after: '14d', by: '2027-02-01' },
})
export const pot = decider('pot', facts, {
  commands: { open: z.object({ customerId: z.string() }), save: z.object({ amountMinor: z.int() }), close: z.object({ reason: z.string() }) },
  initialState: () => ({ customerId: '', saved: 0, open: false }),
  decide: {
    open: (cmd, pot) => pot.open ? [] : [facts.PotOpened(cmd)],
    save: ({ amountMinor }, pot, { variant }) => {
      if (!pot.open) return refuse('pot-closed', 'This pot is closed. Open it first.')
      const up = variant(roundUps, pot.customerId) === 'rounded' // asking is what records the exposure
      return [facts.Saved({ customerId: pot.customerId, amountMinor: up ? Math.ceil(amountMinor / 100) * 100 : amountMinor })]
    },
    close: (cmd, pot) => pot.open ? [facts.PotClosed(cmd)] : [],
  },
  evolve: {
    PotOpened: (pot, e) => ({ ...pot, ...e, open: true }),
    Saved: (pot, e) => ({ ...pot, saved: pot.saved + e.amountMinor }),
    PotClosed: (pot) => ({ ...pot, open: false }),
  },
})
const pots = resource('/pots/{potId}', pot, {
  links: { customer: (pot) => link('customers:customer', { customerId: pot.customerId }) },
  actions: { open: { scope: 'pots:write' }, save: { scope: 'pots:write', when: (pot) => pot.open } },
})
const leavers = consumer('close-pots-of-leavers', customers, { // effect and checkpoint: one transaction
  CustomerDeactivated: ({ customerId, reason }, { run }) => run(pot.close, customerId, { reason }),
})
export default service('pots', { facts, resources: [pots], consumers: [leavers], experiments: [roundUps] })
