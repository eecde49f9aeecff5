// One process of the consumer, killed at any moment. Arguments: database URL, name, "feed" or "kafka", where that is, token.
import { feedSource, postgresKeeper, runConsumer } from '@headwater/consumer'
import { kafkaClient, kafkaSource } from '@headwater/consumer/kafka'
import pg from 'pg'
import { shipping } from '../delivery/shipping.ts'

const [databaseUrl, name, kind, at, token] = process.argv.slice(2) as [string, string, 'feed' | 'kafka', string, string]
const pool = new pg.Pool({ connectionString: databaseUrl, max: 12 })
pool.on('error', () => undefined)
const authorized: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${token}`)
  return fetch(input, { ...init, headers })
}
const source =
  kind === 'feed' ? feedSource(at, { fetch: authorized }) : kafkaSource({ client: kafkaClient({ bootstrap: at }) })
const running = runConsumer(shipping(name, true), { source, keeper: postgresKeeper({ pool }), leaseMs: 3_000 })
running.ended.catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
