// `npm run bench -- consume [--full]`: feed → consumer → Postgres with all bookkeeping, beside the same handler written by hand with one
// transaction an event; and how long the events of a killed process wait.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type Consumer, feedSource, migrateConsumers, postgresKeeper, runConsumer } from '@headwater/consumer'
import { migrate, openStore } from '@headwater/event-store'
import pg from 'pg'
import { freePort } from '../harness/port.ts'
import { pairs } from '../harness/pairs.ts'
import { full, report } from '../harness/report.ts'
import { byHand } from './by-hand.ts'
import { fill, rowByRow, setBased, tables } from './spending.ts'

const total = 400_000

const databaseUrl = process.env.DATABASE_URL!
const pool = new pg.Pool({ connectionString: databaseUrl, max: 16 })
await migrate(pool)
await migrateConsumers(pool)
await pool.query(tables)
await fill(pool, total)
const children: ChildProcess[] = []
const port = await freePort()
const feedUrl = `http://127.0.0.1:${port}/events`
await once(start('server.ts', databaseUrl, String(port)), 'message')
const keeper = postgresKeeper({ pool })
let run = 0

try {
  const rows = await pairs(
    (ms) => consume(rowByRow(`rows-${++run}`), ms),
    (ms) => byHand(pool, feedUrl, ms),
    full ? 5 : 3,
  )
  const sets = await pairs(
    (ms) => consume(setBased(`sets-${++run}`), ms),
    (ms) => byHand(pool, feedUrl, ms),
    full ? 5 : 3,
  )
  const seconds = await failover()
  const rate = (value: number) => `${Math.round(value)} events/s`
  const times = ({ ratio, low, high }: typeof rows) => `${ratio.toFixed(1)} × (${low.toFixed(1)}–${high.toFixed(1)})`
  report(
    [
      { name: 'by hand, one transaction an event', value: rate(rows.theirs) },
      { name: 'row by row', value: rate(rows.ours), goal: '≥ 3,000', met: rows.ours >= 3_000 },
      { name: '  ÷ by hand', value: times(rows) },
      { name: 'set-based', value: rate(sets.ours), goal: '≥ 20,000', met: sets.ours >= 20_000 },
      { name: '  ÷ by hand', value: times(sets) },
      {
        name: 'failover: kill -9 until all is handled',
        value: `${seconds.toFixed(1)} s`,
        goal: '≤ 10 s',
        met: seconds <= 10,
      },
    ],
    `consume: ${rate(rows.ours)} row by row (${rows.ratio.toFixed(1)} × by hand), ${rate(sets.ours)} set-based, failover ${seconds.toFixed(1)} s`,
  )
} finally {
  for (const child of children) child.kill('SIGKILL')
  await pool.end()
}

/** Events a consumer handles that begins at the start and has so long, start and stop included. */
async function consume(declaration: Consumer, ms: number): Promise<number> {
  await pool.query('truncate spending')
  const running = runConsumer(declaration, { source: feedSource(feedUrl), keeper })
  await new Promise((resolve) => setTimeout(resolve, ms))
  await running.stop()
  const { handled } = running.status()
  const { rows } = await pool.query('select coalesce(sum(events), 0)::int as n from spending')
  if (rows[0].n !== handled) throw new Error(`Expected ${handled} effects, got ${rows[0].n}.`)
  return handled
}

/** Two processes share; one is killed; then come events for all streams. Seconds until all are handled. */
async function failover(): Promise<number> {
  const store = openStore({ pool, service: 'payments' })
  const handled = async () => Number((await pool.query(`select coalesce(sum(events), 0) as n from spending`)).rows[0].n)
  await keeper.begin('failover', 'payments', { position: total, eventId: '' })
  await pool.query('truncate spending')
  const [first, second] = [start('worker.ts', databaseUrl, feedUrl), start('worker.ts', databaseUrl, feedUrl)]
  await Promise.all([once(first, 'message'), once(second, 'message')])
  first.kill('SIGKILL')
  const startedAt = performance.now()
  const data = { customerId: 'c1', amountMinor: 1, note: 'x' }
  const streams = Array.from({ length: 1_000 }, (_, n) => ({ stream: `late-${n}`, events: [{ type: 'Sent', data }] }))
  await store.append({ streams, meta: { correlationId: 'f', causationId: 'f' } })
  while ((await handled()) < 1_000) await new Promise((resolve) => setTimeout(resolve, 20))
  const seconds = (performance.now() - startedAt) / 1_000
  await store.close()
  return seconds
}

function start(program: string, ...args: string[]): ChildProcess {
  const child = fork(new URL(program, import.meta.url), args, { execArgv: ['--conditions=source', '--import', 'tsx'] })
  children.push(child)
  return child
}
