import { events } from '@headwater/contract'
import { consumer } from '@headwater/consumer'
import type pg from 'pg'
import { z } from 'zod'

export const payments = events('payments', {
  Sent: { data: z.object({ customerId: z.string(), amountMinor: z.int(), note: z.string() }), level: 'published' },
})

export const tables = `create table if not exists spending (customer text primary key, total bigint not null, events int not null)`

export const upsert = `insert into spending values ($1, $2, 1)
  on conflict (customer) do update set total = spending.total + excluded.total, events = spending.events + 1`

/** The handler as anybody would write it: one statement an event. */
export const rowByRow = (name: string) =>
  consumer(name, payments, {
    Sent: ({ customerId, amountMinor }, { query }) => query(upsert, [customerId, amountMinor]),
  })

/** The same, one statement for as many events as there are. */
export const setBased = (name: string) =>
  consumer(
    name,
    payments,
    {
      batch: (sent, { query }) =>
        query(
          `insert into spending select customer, sum(amount), count(*) from unnest($1::text[], $2::bigint[]) as s(customer, amount)
           group by customer order by customer
           on conflict (customer) do update set total = spending.total + excluded.total, events = spending.events + excluded.events`,
          [sent.map(({ data }) => data.customerId), sent.map(({ data }) => data.amountMinor)],
        ),
    },
    { batch: { events: 2_000 }, lanes: 4, buffer: { events: 20_000 } },
  )

/** Events of about 500 bytes as served, written without the store: what is measured is the reading. */
export async function fill(pool: pg.Pool, count: number): Promise<void> {
  await pool.query(
    `insert into headwater.event (position, stream, version, id, type, schema_version, occurred_at, recorded_at, correlation_id, causation_id, data)
     select n, 'payment-' || n % 1000, (n - 1) / 1000 + 1, md5(n::text)::uuid::text, 'Sent', 1, left(headwater.clock(), 23) || 'Z', headwater.clock(), 'c' || n, 'c' || n,
       json_build_object('customerId', 'c' || n % 1000, 'amountMinor', n % 977, 'note', repeat('x', 90))
     from generate_series(1, $1::int) n`,
    [count],
  )
  await pool.query('analyze headwater.event')
}
