// log → feed → Connect (exactly once) → Kafka → consumers, over random kill -9 of server, worker, broker and consumers, storms of
// consumers that come and go, and consumers that change from the feed to Kafka and back, twice: each event once in the topic and
// once in effect, byte for byte and in key order.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateConsumers, postgresKeeper } from '@headwater/consumer'
import { migrate, openStore } from '@headwater/event-store'
import { connectorPlugins } from '@headwater/kafka'
import pg from 'pg'
import { freePort } from '../../bench/harness/port.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { check, eventsIn } from '../delivery/checks.ts'
import { tables } from '../delivery/shipping.ts'
import { Crew, type Victim } from './crew.ts'
import { checkTopic, servedBy } from './topic.ts'

const total = Number(option('events', '40000'))
const kills = Number(option('kills', full ? '1000' : '24'))
const seed = Number(option('seed', String(Date.now() % 100_000)))
const random = randomFrom(seed)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const victims: readonly Victim[] = ['consumer', 'consumer', 'consumer', 'server', 'server', 'worker', 'broker']

const directory = await mkdtemp(join(tmpdir(), 'headwater-guarantee-'))
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 })
await migrate(pool)
await migrateConsumers(pool)
await pool.query(tables)
const store = openStore({ pool, service: 'orders' })
const keeper = postgresKeeper({ pool })
const crew = new Crew({
  databaseUrl: process.env.DATABASE_URL!,
  feedPort: await freePort(),
  kafka: { directory: join(directory, 'kafka'), heapMiB: 320 },
  connect: {
    directory: join(directory, 'connect'),
    plugins: await connectorPlugins(),
    heapMiB: 320,
    port: await freePort(),
  },
})
let placed = 0
await place(total * 0.2)
const startedAt = performance.now()
await crew.start(2)
await crew.connect.connectors.put('feeds', {
  'connector.class': 'dev.headwater.connect.FeedConnector',
  'tasks.max': '2',
  'entry.url': crew.entry,
  'kafka.bootstrap.servers': crew.kafka.bootstrap,
})
const changes = new Map([0.2, 0.4, 0.6, 0.8].map((share, index) => [Math.round(kills * share), index]))
for (let n = 0; n < kills; n++) {
  await place((total - placed) / (kills - n))
  const change = changes.get(n)
  if (change !== undefined) crew.change(change % 2 === 0 ? 'kafka' : 'feed')
  if (n % 5 === 4) crew.storm()
  await crew.kill(victims[Math.floor(random() * victims.length)]!, random)
  await pause(300 + random() * 1_500)
}
await place(total - placed)
crew.change('kafka')
const last = await store.log.last()
await until(async () =>
  (await keeper.progress('shipping')).every(
    ({ least, parked }) => least >= last && parked.retrying + parked.behind === 0,
  ),
)
const seconds = (performance.now() - startedAt) / 1_000
const events = await eventsIn(pool)
const effects = await check(pool, events)
const topic = await checkTopic(crew.kafka.bootstrap, 'headwater.orders', await servedBy(crew.entry))
const state = await crew.connect.connectors.state('feeds')
await crew.stop()
await store.close()
await pool.end()
await rm(directory, { recursive: true, force: true })

const zero = (wrong: number) => ({ value: String(wrong), goal: '0', met: wrong === 0 })
const failed = state.tasks.filter((task) => task.state === 'FAILED').length
report(
  [
    { name: 'events', value: String(events.length) },
    ...Object.entries(crew.kills).map(([victim, count]) => ({ name: `kill -9 of ${victim}`, value: String(count) })),
    { name: 'seconds', value: seconds.toFixed(0) },
    { name: 'in the topic: lost', ...zero(topic.lost) },
    { name: 'in the topic: doubled', ...zero(topic.doubled) },
    { name: 'in the topic: out of key order', ...zero(topic.outOfOrder) },
    { name: 'in the topic: other bytes than served', ...zero(topic.altered) },
    { name: 'effects lost', ...zero(effects.lost) },
    { name: 'effects doubled', ...zero(effects.doubled) },
    { name: 'effects out of key order', ...zero(effects.outOfOrder) },
    { name: 'tasks failed at the end', ...zero(failed) },
  ],
  `kafka: ${events.length} events, ${Object.values(crew.kills).reduce((sum, count) => sum + count)} kills, ${Object.values(topic).reduce((sum, wrong) => sum + wrong) + effects.lost + effects.doubled + effects.outOfOrder} wrong (seed ${seed})`,
)

async function place(wanted: number): Promise<void> {
  for (const end = Math.min(total, placed + Math.ceil(wanted)); placed < end;) {
    const chunk = Array.from({ length: Math.min(200, end - placed) }, () => placed++)
    const streams = grouped(chunk)
    await store.append({ streams, meta: { correlationId: 'kafka', causationId: 'kafka' } })
  }
}

function grouped(chunk: readonly number[]) {
  const byStream = new Map<string, number[]>()
  for (const n of chunk) {
    const stream = `order-${Math.floor(random() * 500)}`
    byStream.set(stream, [...(byStream.get(stream) ?? []), n])
  }
  return Array.from(byStream, ([stream, numbers]) => ({
    stream,
    events: numbers.map((n) => ({ type: 'Placed', data: { n } })),
  }))
}

/** Waits; gives up when nothing more is handled for two minutes: then something is lost, and the check says what. */
async function until(done: () => Promise<boolean>): Promise<void> {
  let before = -1
  for (let idle = 0; idle < 240 && !(await done()); idle++) {
    const now = (await pool.query('select count(*)::int as n from effect')).rows[0].n
    if (now !== before) idle = 0
    before = now
    await pause(500)
  }
}
