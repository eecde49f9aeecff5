import { consumer, decidedByPeople, events, link, only, service, view } from '@headwater/service'
import { speaksFor } from '../customers/speaking.ts'
import { payments } from '../payments/events.ts'

/** Insights keeps nothing of its own: what it knows follows from the events of others, and may be built again at any time. */
export const insights = events('insights', {})

/** No metric would tell: people look on a day, and say whether it stays. */
export const spendingShown = decidedByPeople('spending-shown', {
  hypothesis: 'Customers who see what they spend a month ask the help desk less about it.',
  lookAt: 'What the help desk was asked about spending, and who looked at it more than once.',
  lookOn: '2099-01-05',
  adds: { services: ['insights'] },
})

interface Month {
  readonly month: string
  readonly spentMinor: number
  readonly payments: number
}

const spending = view(
  '/spending{?customerId}',
  async ({ customerId }, { query }) => ({
    customerId: customerId ?? '',
    months: await query<Month>(
      `select to_char(month, 'YYYY-MM') as month, spent_minor::float8 as "spentMinor", payments
       from insights.spending where customer_id = $1 order by month desc`,
      [customerId ?? ''],
    ),
  }),
  {
    title: 'What a customer spends a month',
    visible: (_, { variables, caller }) => speaksFor(caller?.subject, variables.customerId ?? ''),
    links: { customer: ({ customerId }) => link('customers:customer', { customerId }) },
  },
)

/** Set-based: one statement a batch, however many payments are in it. */
const sums = consumer(
  'spending',
  only(payments, 'Debited'),
  {
    async batch(events, { query }) {
      const spent = events.filter(({ data }) => data.customerId !== '')
      await query(
        `insert into spending as s (customer_id, month, spent_minor, payments)
       select customer_id, date_trunc('month', occurred_at at time zone 'utc')::date, sum(amount_minor), count(*)
       from unnest($1::text[], $2::timestamptz[], $3::bigint[]) as e(customer_id, occurred_at, amount_minor)
       group by 1, 2 order by 1, 2
       on conflict (customer_id, month) do update
         set spent_minor = s.spent_minor + excluded.spent_minor, payments = s.payments + excluded.payments`,
        [
          spent.map(({ data }) => data.customerId),
          spent.map(({ occurredAt }) => occurredAt),
          spent.map(({ data }) => data.amountMinor),
        ],
      )
    },
  },
  {
    keeps: {
      schema: 'insights',
      tables: `create table spending (
        customer_id text not null, month date not null, spent_minor bigint not null, payments integer not null,
        primary key (customer_id, month))`,
    },
  },
)

export default service('insights', {
  title: 'Monthly spending of customers',
  facts: insights,
  resources: [spending],
  consumers: [sums],
  experiments: [spendingShown],
})
