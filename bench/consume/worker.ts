// One of two processes of a consumer, for the failover. Arguments: database URL, feed URL.
import { feedSource, postgresKeeper, runConsumer } from '@headwater/consumer'
import pg from 'pg'
import { rowByRow } from './spending.ts'

const [databaseUrl, feedUrl] = process.argv.slice(2) as [string, string]
const pool = new pg.Pool({ connectionString: databaseUrl, max: 12 })
const running = runConsumer(rowByRow('failover'), { source: feedSource(feedUrl), keeper: postgresKeeper({ pool }) })
const sharing = setInterval(() => {
  const { members, services } = running.status()
  if (members !== 2 || services[0]!.slots < 300 || services[0]!.slots > 724) return
  clearInterval(sharing)
  process.send?.('sharing')
}, 50)
