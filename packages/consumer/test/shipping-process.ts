// One process of a consumer, to be killed at any moment. Arguments: database URL, feed URL, lease in ms.
import pg from 'pg'
import { consumer, feedSource, postgresKeeper, runConsumer } from '../src/index.ts'
import { orders, record } from './orders.ts'

const [databaseUrl, feedUrl, leaseMs] = process.argv.slice(2) as [string, string, string]
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
const declaration = consumer(
  'shipping',
  orders,
  { Placed: record() },
  { batch: { events: 20 }, buffer: { events: 200 } },
)
const running = runConsumer(declaration, {
  source: feedSource(feedUrl),
  keeper: postgresKeeper({ pool }),
  leaseMs: Number(leaseMs),
})
running.ended.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
