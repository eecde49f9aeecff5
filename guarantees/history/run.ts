// A service made today builds its state from events older than itself: a database made now, a consumer that never ran, a feed of a
// million events. What it answers is compared with what the log says.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { feedSource, migrateConsumers, postgresKeeper, runConsumer } from '@headwater/consumer'
import { migrate } from '@headwater/event-store'
import pg from 'pg'
import { fill, setBased, tables } from '../../bench/consume/spending.ts'
import { freePort } from '../../bench/harness/port.ts'
import { option, report } from '../../bench/harness/report.ts'

const total = Number(option('events', '1000000'))
const old = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 })
await migrate(old)
await fill(old, total)
const port = await freePort()
const server: ChildProcess = fork(
  new URL('../../bench/consume/server.ts', import.meta.url),
  [process.env.DATABASE_URL!, String(port)],
  { execArgv: ['--conditions=source', '--import', 'tsx'] },
)
await once(server, 'message')

await old.query('create database made_today')
const url = new URL(process.env.DATABASE_URL!)
url.pathname = '/made_today'
const own = new pg.Pool({ connectionString: url.href, max: 12 })
try {
  await migrateConsumers(own)
  await own.query(tables)
  const startedAt = performance.now()
  const running = runConsumer(setBased('spending'), {
    source: feedSource(`http://127.0.0.1:${port}/events`),
    keeper: postgresKeeper({ pool: own }),
  })
  await running.caughtUp({ payments: total })
  const seconds = (performance.now() - startedAt) / 1_000
  await running.stop()
  const wrong = await differences()
  const rate = total / seconds
  report(
    [
      { name: 'events older than the service', value: total.toLocaleString('en') },
      { name: 'caught up in', value: `${seconds.toFixed(1)} s` },
      { name: 'events a second', value: Math.round(rate).toLocaleString('en'), goal: '≥ 20,000', met: rate >= 20_000 },
      { name: 'customers whose answer differs from the log', value: String(wrong), goal: '0', met: wrong === 0 },
    ],
    `history: a service made today answered from ${total.toLocaleString('en')} older events after ${seconds.toFixed(1)} s (${Math.round(rate)} events/s), ${wrong} answers wrong`,
  )
} finally {
  server.kill('SIGKILL')
  await own.end()
  await old.end()
}

/** Customers for whom the new service says something else than the log, or nothing. */
async function differences(): Promise<number> {
  const truth = await old.query(
    `select data ->> 'customerId' as customer, sum((data ->> 'amountMinor')::int)::int as total, count(*)::int as events
     from headwater.event group by 1`,
  )
  const { rows } = await own.query('select customer, total::int, events from spending')
  const said = new Map(rows.map(({ customer, ...row }) => [customer, `${row.total} ${row.events}`]))
  const wrong = truth.rows.filter((row) => said.get(row.customer) !== `${row.total} ${row.events}`)
  return wrong.length + Math.max(0, rows.length - truth.rows.length)
}
