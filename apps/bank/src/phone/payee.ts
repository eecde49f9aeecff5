import { consumer, type ViewContext } from '@headwater/service'
import { accounts } from '../accounts/events.ts'

export const tables = `
  create table if not exists phone.accounts (
    account_id text primary key, customer_id text not null, open boolean not null, opened_at timestamptz not null);
  create index if not exists accounts_of_customer on phone.accounts (customer_id)`

/** Whose account is whose, so that people can be paid and shown by their handles. */
export const accountHolders = consumer('account-holders', accounts, {
  async AccountOpened({ accountId, customerId }, { event, query }) {
    await query(
      `insert into phone.accounts (account_id, customer_id, open, opened_at) values ($1, $2, true, $3) on conflict do nothing`,
      [accountId, customerId, event.occurredAt],
    )
  },
  AccountClosed: ({ accountId }, { query }) =>
    query('update phone.accounts set open = false where account_id = $1', [accountId]),
})

type Query = Pick<ViewContext, 'query'>

/** The account that money for a customer goes to: the oldest open one. */
export async function accountToPay({ query }: Query, customerId: string): Promise<string | undefined> {
  const [account] = await query<{ id: string }>(
    'select account_id as id from phone.accounts where customer_id = $1 and open order by opened_at, account_id limit 1',
    [customerId],
  )
  return account?.id
}

/** Account → handle, as far as its holder has one. */
export async function handlesOf({ query }: Query, accountIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await query<{ id: string; handle: string }>(
    `select a.account_id as id, h.value #>> '{}' as handle from phone.accounts a
     join headwater.rows h on h.projection = 'handles' and h.key = a.customer_id where a.account_id = any ($1)`,
    [[...new Set(accountIds)]],
  )
  return new Map(rows.map(({ id, handle }) => [id, handle]))
}
