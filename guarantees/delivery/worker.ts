// One process of the consumer, killed at any moment. Arguments: database URL, feed URL, name, "mended" or "broken".
import { feedSource, postgresKeeper, runConsumer } from '@headwater/consumer'
import pg from 'pg'
import { shipping } from './shipping.ts'

const [databaseUrl, feedUrl, name, handler] = process.argv.slice(2) as [string, string, string, string]
const pool = new pg.Pool({ connectionString: databaseUrl, max: 12 })
pool.on('error', () => undefined)
const running = runConsumer(shipping(name, handler === 'mended'), {
  source: feedSource(feedUrl),
  keeper: postgresKeeper({ pool }),
  leaseMs: 3_000,
  async deliver({ position }, { id }) {
    await pool.query('insert into outside (id, position) values ($1, $2)', [id, position])
  },
})
running.ended.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
