// A consumer whose effect happens once, however often it is started, and from all of history. Postgres: DATABASE_URL.
import { consumer, memorySource, migrateConsumers, postgresKeeper, runConsumer } from '@headwater/consumer'
import { events } from '@headwater/contract'
import pg from 'pg'
import { z } from 'zod'

const payments = events('payments', {
  PaymentSent: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), level: 'published' },
})
const spending = consumer('spending', payments, {
  async PaymentSent({ customerId, amountMinor }, { query }) {
    await query(
      `insert into spending values ($1, $2) on conflict (customer) do update set minor = spending.minor + excluded.minor`,
      [customerId, amountMinor],
    )
  },
})
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
await migrateConsumers(pool)
await pool.query('create table spending (customer text primary key, minor bigint not null)')

const source = memorySource() // or feedSource('https://bank.example/'), or Kafka
const sent = (customerId: string, amountMinor: number) =>
  source.append('payments', { type: 'PaymentSent', stream: `ledger-${customerId}`, data: { customerId, amountMinor } })
sent('ada', 500)
sent('bob', 20)

for (const start of ['first', 'second']) {
  const running = runConsumer(spending, { source, keeper: postgresKeeper({ pool }) })
  await running.caughtUp({ payments: sent('ada', 1) })
  await running.stop()
  const { rows } = await pool.query('select customer, minor from spending order by customer')
  console.log(`${start} start:`, rows.map(({ customer, minor }) => `${customer} ${minor}`).join(', '))
}
await pool.end()
