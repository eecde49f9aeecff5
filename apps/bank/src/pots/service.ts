import {
  consumer,
  decider,
  events,
  experiment,
  type InlineProjection,
  link,
  refusals,
  refuse,
  resource,
  service,
  share,
  sum,
  view,
} from '@headwater/service'
import { z } from 'zod'
import { customers } from '../customers/events.ts'
import { speaksFor } from '../customers/speaking.ts'
import { payingOut } from './paying-out.ts'

const payOut = z.object({ accountId: z.string(), amountMinor: z.int(), number: z.int() })

export const pots = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }), level: 'published' },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), level: 'published' },
  PotClosed: { data: z.object({ customerId: z.string(), reason: z.string() }) },
  /** Where the next part of what was saved goes. Payment `number` of this pot is asked of payments under that number. */
  PayOutBegun: { data: payOut.extend({ customerId: z.string() }) },
  PotPaidOut: { data: payOut.extend({ customerId: z.string() }), level: 'published' },
  /** Payments refused it. */
  PayOutRefused: { data: payOut.extend({ customerId: z.string() }) },
})

export const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up makes customers save at least 10 % more within 28 days.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  primary: sum(pots.Saved, 'amountMinor', { within: '28d', expect: '10%' }),
  guardrails: [share(pots.PotClosed, { mayRise: '5pp' }), refusals(pots, { action: 'save', mayRise: '5pp' })],
  decide: { after: '14d', by: '2099-02-01' },
  adds: { services: ['pots'] },
})

interface Pot {
  readonly customerId: string
  readonly savedMinor: number
  readonly open: boolean
  /** Payments asked for so far. */
  readonly payOuts: number
  readonly paying?: z.infer<typeof payOut>
}

/** Money put aside. With round-ups, what is saved is rounded up to the next whole unit. */
export const pot = decider('pot', pots, {
  commands: {
    open: z.object({ customerId: z.string() }),
    save: z.object({ amountMinor: z.int().min(1).max(1_000_000) }),
    close: z.object({ reason: z.string().min(1).max(200) }),
    payOut: z.object({ accountId: z.string(), amountMinor: z.int().min(1) }),
    paidOut: z.object({ number: z.int() }),
    notPaidOut: z.object({ number: z.int() }),
  },
  initialState: (): Pot => ({ customerId: '', savedMinor: 0, open: false, payOuts: 0 }),
  decide: {
    open: (cmd, pot, { caller }) => {
      if (!speaksFor(caller, cmd.customerId)) return refuse('not-yours', 'A pot is opened by whom it is for.')
      return pot.open ? [] : [pots.PotOpened(cmd)]
    },
    save: ({ amountMinor }, pot, { variant }) => {
      if (pot.customerId === '') return refuse('pot-closed', 'There is no such pot. Open it first.')
      // Asked before anything is refused: a refusal counts for the variant it was met with.
      const up = variant(roundUps, pot.customerId) === 'rounded'
      if (!pot.open) return refuse('pot-closed', 'This pot is closed. Open it first.')
      return [
        pots.Saved({ customerId: pot.customerId, amountMinor: up ? Math.ceil(amountMinor / 100) * 100 : amountMinor }),
      ]
    },
    close: ({ reason }, pot) => (pot.open ? [pots.PotClosed({ customerId: pot.customerId, reason })] : []),
    payOut: (cmd, { open, savedMinor, paying, payOuts, customerId }) => {
      if (open) return refuse('pot-open', 'Close the pot first, so that nothing more comes in.')
      if (paying !== undefined || cmd.amountMinor > savedMinor)
        return refuse('nothing-to-pay-out', 'A part of it is being paid out, or that much is not in it.')
      return [pots.PayOutBegun({ ...cmd, customerId, number: payOuts + 1 })]
    },
    paidOut: ({ number }, { paying, customerId }) =>
      paying?.number === number ? [pots.PotPaidOut({ ...paying, customerId })] : [],
    notPaidOut: ({ number }, { paying, customerId }) =>
      paying?.number === number ? [pots.PayOutRefused({ ...paying, customerId })] : [],
  },
  evolve: {
    PotOpened: (pot, { customerId }) => ({ ...pot, customerId, open: true }),
    Saved: (pot, { amountMinor }) => ({ ...pot, savedMinor: pot.savedMinor + amountMinor }),
    PotClosed: (pot) => ({ ...pot, open: false }),
    PayOutBegun: (pot, { accountId, amountMinor, number }) => ({
      ...pot,
      payOuts: number,
      paying: { accountId, amountMinor, number },
    }),
    PotPaidOut: ({ paying: _, ...pot }, { amountMinor }) => ({ ...pot, savedMinor: pot.savedMinor - amountMinor }),
    PayOutRefused: ({ paying: _, ...pot }) => pot,
  },
})

interface Listed {
  readonly potId: string
  readonly savedMinor: number
  readonly open: boolean
}

const byCustomer: InlineProjection = {
  name: 'pots-by-customer',
  decider: pot,
  rows: (_, { id, state: { customerId, savedMinor, open } }) => [
    { key: `${customerId}/${id}`, value: { potId: id, savedMinor, open } satisfies Listed },
  ],
}

const potResource = resource('/pots/{potId}', pot, {
  title: 'A pot',
  visible: ({ customerId }, { caller }) => speaksFor(caller?.subject, customerId),
  links: { customer: ({ customerId }) => link('customers:customer', { customerId }) },
  actions: {
    open: { scope: 'pots:write', create: 'server', title: 'Open a pot' },
    // Refused by the decision and not beforehand, so that the guardrail on refusals sees it.
    save: { scope: 'pots:write', title: 'Save' },
    close: { scope: 'pots:write', when: (pot) => pot.open, title: 'Close' },
    payOut: { scope: 'pots:pay-out', when: (pot) => !pot.open && pot.savedMinor > 0, title: 'Begin to pay out' },
    paidOut: { scope: 'pots:pay-out', when: (pot) => pot.paying !== undefined, title: 'It is paid out' },
    notPaidOut: { scope: 'pots:pay-out', when: (pot) => pot.paying !== undefined, title: 'It was refused' },
  },
})

const potList = view(
  '/pots{?customerId}',
  async ({ customerId }, { rows }) => ({
    pots: (await rows<Listed>('pots-by-customer', { prefix: `${customerId ?? ''}/` })).map(({ value }) => value),
  }),
  {
    title: 'Pots of a customer',
    visible: (_, { variables, caller }) => speaksFor(caller?.subject, variables.customerId ?? ''),
    links: { pot: ({ pots }) => pots.map(({ potId }) => link('pot', { potId })) },
  },
)

const leavers = consumer('close-pots-of-leavers', customers, {
  async CustomerDeactivated({ customerId, reason }, { query, run }) {
    const { rows } = await query<{ key: string }>(
      `select key from headwater.rows where projection = 'pots-by-customer' and starts_with(key, $1)`,
      [`${customerId}/`],
    )
    for (const { key } of rows)
      await run(pot.close, key.slice(customerId.length + 1), { reason: `customer left: ${reason}` })
  },
})

export default service('pots', {
  title: 'Money put aside, and the experiment with rounding up',
  facts: pots,
  resources: [potResource, potList],
  projections: [byCustomer],
  consumers: [leavers],
  experiments: [roundUps],
  scopes: ['pots:read', 'pots:write', 'pots:pay-out', 'accounts:read', 'payments:write'],
  windDown: payingOut,
})
