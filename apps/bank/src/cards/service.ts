import {
  consumer,
  decider,
  type InlineProjection,
  link,
  only,
  refuse,
  resource,
  service,
  view,
} from '@headwater/service'
import { z } from 'zod'
import { accounts } from '../accounts/events.ts'
import { customers } from '../customers/events.ts'
import { cards } from './events.ts'

export const card = decider('card', cards, {
  commands: {
    issue: z.object({ accountId: z.string(), customerId: z.string() }),
    stop: z.object({ reason: z.string().min(1).max(200) }),
  },
  initialState: () => ({ issued: false, usable: false, accountId: '', customerId: '' }),
  decide: {
    issue: (cmd, card, { id }) =>
      card.issued
        ? refuse('already-issued', 'This card was issued already.')
        : [cards.CardIssued({ cardId: id, ...cmd })],
    stop: ({ reason }, card, { id }) => (card.usable ? [cards.CardStopped({ cardId: id, reason })] : []),
  },
  evolve: {
    CardIssued: (_, { accountId, customerId }) => ({ issued: true, usable: true, accountId, customerId }),
    CardStopped: (card) => ({ ...card, usable: false }),
  },
})

interface Listed {
  readonly cardId: string
  readonly usable: boolean
}

const listed = (name: string, owner: 'accountId' | 'customerId'): InlineProjection => ({
  name,
  decider: card,
  rows: (_, { id, state }) => [
    { key: `${state[owner]}/${id}`, value: { cardId: id, usable: state.usable } satisfies Listed },
  ],
})

const cardResource = resource('/cards/{cardId}', card, {
  title: 'A card',
  links: {
    account: ({ accountId }) => link('accounts:account', { accountId }),
    customer: ({ customerId }) => link('customers:customer', { customerId }),
  },
  actions: {
    issue: { scope: 'cards:write', create: 'server', title: 'Issue a card' },
    stop: { scope: 'cards:write', when: (card) => card.usable, title: 'Stop the card' },
  },
})

const cardList = view(
  '/cards{?accountId}',
  async ({ accountId }, { rows }) => ({
    cards: (await rows<Listed>('cards-by-account', { prefix: `${accountId ?? ''}/` })).map(({ value }) => value),
  }),
  {
    title: 'Cards of an account',
    links: { card: ({ cards }) => cards.map(({ cardId }) => link('card', { cardId })) },
  },
)

/** Cards stop when their account closes or their customer leaves; cards hears of it, nobody calls it. */
const stops = consumer('stop-cards', [only(accounts, 'AccountClosed'), only(customers, 'CustomerDeactivated')], {
  AccountClosed: ({ accountId, reason }, context) =>
    stopAll('cards-by-account', accountId, `account closed: ${reason}`, context),
  CustomerDeactivated: ({ customerId, reason }, context) =>
    stopAll('cards-by-customer', customerId, `customer left: ${reason}`, context),
})

interface Stopping {
  query<Row>(sql: string, params: readonly unknown[]): Promise<{ rows: Row[] }>
  run(command: typeof card.stop, id: string, data: { reason: string }): Promise<unknown>
}

async function stopAll(list: string, owner: string, reason: string, { query, run }: Stopping): Promise<void> {
  const { rows } = await query<{ key: string }>(
    'select key from headwater.rows where projection = $1 and starts_with(key, $2)',
    [list, `${owner}/`],
  )
  for (const { key } of rows) await run(card.stop, key.slice(owner.length + 1), { reason })
}

export default service('cards', {
  title: 'Cards of accounts',
  facts: cards,
  resources: [cardResource, cardList],
  projections: [listed('cards-by-account', 'accountId'), listed('cards-by-customer', 'customerId')],
  consumers: [stops],
})
