import { consumer, type InlineProjection, link, only, resource, service, view } from '@headwater/service'
import { accounts } from '../accounts/events.ts'
import { customers } from '../customers/events.ts'
import { speaksFor } from '../customers/speaking.ts'
import { card } from './card.ts'
import { cards } from './events.ts'
import { holder } from './holder.ts'

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
  visible: ({ customerId }, { caller }) => speaksFor(caller?.subject, customerId),
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
  async ({ accountId = '' }, { caller, load, rows }) => {
    if (!speaksFor(caller?.subject, (await load(holder, accountId)).customerId)) return undefined
    const listed = await rows<Listed>('cards-by-account', { prefix: `${accountId}/` })
    return { cards: listed.map(({ value }) => value) }
  },
  {
    title: 'Cards of an account',
    links: { card: ({ cards }) => cards.map(({ cardId }) => link('card', { cardId })) },
  },
)

const holders = consumer('follow-accounts', only(accounts, 'AccountOpened', 'AccountClosed'), {
  AccountOpened: ({ accountId, customerId }, { run }) => run(holder.know, accountId, { customerId }),
  AccountClosed: ({ accountId, reason }, { run }) => run(holder.go, accountId, { reason }),
})

/**
 * Cards stop when their account closes or their customer leaves; cards hears of it, nobody calls it. Those of an account are looked for
 * once it is in this log that it closed, since none is issued after that: one that was being issued meanwhile is among them.
 */
const stops = consumer('stop-cards', [only(cards, 'HolderGone'), only(customers, 'CustomerDeactivated')], {
  HolderGone: ({ accountId, reason }, context) =>
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
  consumers: [holders, stops],
})
