import { events } from '@headwater/contract'
import { z } from 'zod'
import {
  allocationOf,
  count,
  experiment,
  funnel,
  mean,
  quantile,
  ratio,
  refusals,
  retention,
  share,
  sum,
} from '../src/index.ts'

const pots = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }) },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }) },
  PotClosed: { data: z.object({ reason: z.string() }) },
})
const cards = events('cards', { Paid: { data: z.object({ customerId: z.string(), amount: z.number() }) } })
const within = '10s'
/** An experiment with every kind of metric, over the events of two services. */
export const everything = experiment('round-ups', {
  hypothesis: 'Every kind of metric gives the same bytes both ways.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  primary: sum(pots.Saved, 'amountMinor', { within }),
  secondary: [
    sum(pots.Saved, 'amountMinor', { within, name: 'saved, adjusted', before: '5s', cap: 20 }),
    sum(cards.Paid, 'amount', { within, scale: 2, tolerance: '2s' }),
    mean(cards.Paid, 'amount', { within, scale: 2, before: '4s' }),
    count(pots.PotClosed, { within: '3s', where: { reason: 'gone' } }),
    ratio(count(pots.PotClosed), count(pots.Saved), { within }),
    ratio(count(pots.PotClosed, { cap: 2 }), sum(pots.Saved, 'amountMinor', { cap: 20 }), {
      within,
      name: 'capped both',
    }),
    retention(pots.Saved, { from: '4s', within: '8s' }),
    share(cards.Paid, { within: '5s', before: '5s', name: 'paid, adjusted' }),
    quantile(0.5, sum(pots.Saved, 'amountMinor', { within })),
    refusals(pots, { within: '4s', action: 'save' }),
    funnel([pots.PotOpened, pots.Saved, cards.Paid], { within, start: 'any', inside: '4s' }),
    funnel([pots.PotOpened, pots.Saved, pots.Saved], { within, start: 'first', inside: '4s', name: 'twice saved' }),
  ],
  guardrails: [share(pots.PotClosed, { mayRise: '1pp', within: '2s' })],
  decide: { after: '1s', by: '2027-02-01' },
})

/** Version 4 is a decision: it ends the era of those before. */
export const adopted = (version: number) =>
  allocationOf(everything, { version, coverage: version * 10, ...(version === 4 ? { everybody: 'rounded' } : {}) })
