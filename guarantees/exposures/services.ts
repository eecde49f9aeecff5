import { consumer, count, decider, events, experiment, resource, service } from '@headwater/service'
import { z } from 'zod'

export const potFacts = events('pots', {
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), level: 'published' },
})
export const giftFacts = events('gifts', {
  GiftGranted: { data: z.object({ customerId: z.string(), kind: z.string() }) },
})

const common = { unit: 'customerId', decide: { after: '300d', by: '2099-01-01' } } as const
/** Asked by a request. */
export const roundUps = experiment('round-ups', {
  ...common,
  hypothesis: 'Rounding up makes customers save more often.',
  variants: { plain: 50, rounded: 50 },
  coverage: 20,
  primary: count(potFacts.Saved, { within: '7d' }),
})
/** Asked by a consumer. */
export const gifts = experiment('gifts', {
  ...common,
  hypothesis: 'A gift makes customers save more often.',
  variants: { none: 34, small: 33, large: 33 },
  coverage: 50,
  primary: count(giftFacts.GiftGranted, { within: '7d' }),
})

const pot = decider('pot', potFacts, {
  commands: { save: z.object({ customerId: z.string(), amountMinor: z.int() }) },
  initialState: () => ({ saved: 0 }),
  decide: {
    save: ({ customerId, amountMinor }, _, { variant }) => {
      const up = variant(roundUps, customerId) === 'rounded'
      return [potFacts.Saved({ customerId, amountMinor: up ? Math.ceil(amountMinor / 100) * 100 : amountMinor })]
    },
  },
  evolve: { Saved: ({ saved }, { amountMinor }) => ({ saved: saved + amountMinor }) },
})
const gift = decider('gift', giftFacts, {
  commands: { grant: z.object({ customerId: z.string() }) },
  initialState: () => ({ granted: 0 }),
  decide: {
    grant: ({ customerId }, _, { variant }) => [
      giftFacts.GiftGranted({ customerId, kind: variant(gifts, customerId) }),
    ],
  },
  evolve: { GiftGranted: ({ granted }) => ({ granted: granted + 1 }) },
})

export const pots = service('pots', {
  facts: potFacts,
  experiments: [roundUps],
  resources: [resource('/pots/{potId}', pot, { links: {}, actions: { save: { scope: 'pots:write' } } })],
})
export const giving = service('gifts', {
  facts: giftFacts,
  experiments: [gifts],
  resources: [resource('/gifts/{giftId}', gift, { links: {}, actions: {} })],
  consumers: [
    consumer('give', potFacts, { Saved: ({ customerId }, { run }) => run(gift.grant, customerId, { customerId }) }),
  ],
})
