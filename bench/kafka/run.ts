// Feed → topic beside Debezium's Postgres connector and a plain producer of the same bytes, in the same worker: the rate of catching
// up after the connector was down, and the time from commit to topic and to effect at 500 events a second. Both write exactly once
// (the worker's setting), a transaction a poll, over as many partitions, and are read committed. The worker's JVM compiles for about
// half a minute of such traffic, in which times are five times as long: both take turns, and only turns after that count.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { consumer, migrateConsumers, postgresKeeper, runConsumer } from '@headwater/consumer'
import { kafkaClient, kafkaSource } from '@headwater/consumer/kafka'
import { migrate } from '@headwater/event-store'
import { connectorPlugins, kafkaJars, startConnect, startKafka } from '@headwater/kafka'
import { startPostgres } from '@headwater/postgres'
import pg from 'pg'
import { freePort } from '../harness/port.ts'
import { full, option, report } from '../harness/report.ts'
import { Arrivals } from './arrivals.ts'
import { now } from './clock.ts'
import { debeziumConfig, debeziumPlugin, debeziumTopic } from './debezium.ts'
import { orders } from './orders.ts'
import type { Place, Placed } from './service.ts'

const total = Number(option('events', full ? '10000000' : '100000'))
/** Of a turn. */
const seconds = Number(option('seconds', '10'))
const partitions = option('partitions', '12')
/** Of each: some to warm up, then those that count. */
const [warming, counted] = [3, 4]
const perSecond = 500
const heapMiB = 384
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const directory = await mkdtemp(join(tmpdir(), 'headwater-bench-kafka-'))
// Debezium reads the write-ahead log, which the server must be told to keep for it.
const postgres = await startPostgres({
  directory: join(directory, 'postgres'),
  settings: { wal_level: 'logical', max_wal_senders: '4' },
})
const pool = new pg.Pool({ connectionString: postgres.url, max: 8 })
// A connection that is being closed may still hear that the server stops.
pool.on('error', () => undefined)
await migrate(pool)
await migrateConsumers(pool)
const feedPort = await freePort()
const service = spawn(
  process.execPath,
  ['--conditions=source', '--import', 'tsx', join(import.meta.dirname, 'service.ts'), postgres.url, String(feedPort)],
  { stdio: ['ignore', 2, 2, 'ipc'] },
)
await once(service, 'message')
service.on('message', note)
const kafka = await startKafka({ directory: join(directory, 'kafka') })
const peers = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headwater', 'peers')
const plugins = [...(await connectorPlugins()), await debeziumPlugin(peers)]
const worker = await startConnect({
  directory: join(directory, 'connect'),
  bootstrap: kafka.bootstrap,
  plugins,
  heapMiB,
})
const ours = {
  name: 'feeds',
  topic: 'headwater.orders',
  config: {
    'connector.class': 'dev.headwater.connect.FeedConnector',
    'tasks.max': '1',
    partitions,
    'entry.url': `http://127.0.0.1:${feedPort}/events`,
    'kafka.bootstrap.servers': kafka.bootstrap,
  },
}
const peer = { name: 'cdc', topic: debeziumTopic, config: debeziumConfig(postgres.url, partitions) }

let placed = 0
const committed: number[] = []
const waiting = new Map<number, () => void>()
await place(1)
for (const one of [ours, peer]) {
  await worker.connectors.put(one.name, one.config)
  await worker.connectors.until(
    one.name,
    (state) => state.tasks.length > 0 && state.tasks.every((task) => task.state === 'RUNNING'),
  )
}
// One event through both: each has found its place in the log before it is stopped.
await place(1)
await pause(5_000)
for (const one of [ours, peer]) await worker.connectors.stop(one.name)
for (let done = 0; done < total; done += 1_000) await place(1_000)

const rates: number[] = []
for (const one of [ours, peer]) rates.push(await turn(one, catchUp))
const turns: [number[], number[]][] = []
for (let round = 0; round < warming + counted; round++) {
  const [first, second] = round % 2 === 0 ? [ours, peer] : [peer, ours]
  const waits = [await turn(first, pace), await turn(second, pace)] as [number[], number[]]
  turns.push(round % 2 === 0 ? waits : [waits[1], waits[0]])
}
const plain = await plainProducer()
await worker.connectors.resume(ours.name)
const effects = await paceEffects()
const state = await worker.connectors.state(ours.name)

service.kill('SIGKILL')
await worker.stop()
await kafka.stop()
await pool.end()
await postgres.stop()
await rm(directory, { recursive: true, force: true })

const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
const ms = (value: number) => `${value.toFixed(0)} ms`
const rate = (value: number) => `${(value / 1_000).toFixed(1)} k/s`
const [ourRate, peerRate] = [rates[0]!, rates[1]!]
const [ourLatency, peerLatency] = [0, 1].map((whose) =>
  turns
    .slice(warming)
    .flatMap((waits) => waits[whose]!)
    .toSorted((a, b) => a - b),
) as [number[], number[]]
const shareAt = (share: number) => {
  const ratios = turns
    .slice(warming)
    .map(([mine, theirs]) => at(mine, share) / at(theirs, share))
    .toSorted((a, b) => a - b)
  return `${((ratios[1]! + ratios[2]!) / 2).toFixed(2)} × (${ratios[0]!.toFixed(2)}–${ratios.at(-1)!.toFixed(2)})`
}
report(
  [
    { name: `catch-up of ${total}, feed → topic`, value: rate(ourRate), goal: `≥ Debezium`, met: ourRate >= peerRate },
    { name: 'the same, Debezium', value: rate(peerRate) },
    { name: 'the same bytes, plain producer', value: rate(plain) },
    { name: `commit → topic at ${perSecond}/s, p50`, value: ms(at(ourLatency, 0.5)) },
    {
      name: 'commit → topic, p99',
      value: ms(at(ourLatency, 0.99)),
      goal: '≤ Debezium',
      met: at(ourLatency, 0.99) <= at(peerLatency, 0.99),
    },
    { name: 'the same, Debezium, p50', value: ms(at(peerLatency, 0.5)) },
    { name: 'the same, Debezium, p99', value: ms(at(peerLatency, 0.99)) },
    { name: 'ours : Debezium, turn by turn, p50', value: shareAt(0.5) },
    { name: 'ours : Debezium, turn by turn, p99', value: shareAt(0.99) },
    { name: 'commit → effect, p50', value: ms(at(effects, 0.5)) },
    { name: 'commit → effect, p99', value: ms(at(effects, 0.99)), goal: '≤ 250 ms', met: at(effects, 0.99) <= 250 },
    {
      name: `task still running in ${heapMiB} MiB`,
      value: state.tasks[0]?.state ?? 'none',
      goal: 'RUNNING',
      met: state.tasks.every((task) => task.state === 'RUNNING'),
    },
  ],
  `kafka: feed → topic ${(ourRate / peerRate).toFixed(2)} × Debezium, p99 ${ms(at(ourLatency, 0.99))} against ${ms(at(peerLatency, 0.99))}, effect p99 ${ms(at(effects, 0.99))}`,
)

function place(count: number): Promise<void> {
  const first = placed
  placed += count
  service.send({ first, count } satisfies Place)
  return new Promise((resolve) => waiting.set(first, resolve))
}

function note({ first, at }: Placed): void {
  committed[first] = at
  waiting.get(first)!()
  waiting.delete(first)
}

/** One of the two runs, alone, while something is measured. */
async function turn<T>(
  { name, topic }: { name: string; topic: string },
  measure: (arrivals: Arrivals) => Promise<T>,
): Promise<T> {
  const arrivals = new Arrivals(kafka.bootstrap, topic)
  await worker.connectors.resume(name)
  const measured = await measure(arrivals)
  await arrivals.stop()
  await worker.connectors.stop(name)
  await worker.connectors.until(name, ({ tasks }) => tasks.length === 0)
  return measured
}

/** Events a second between the first and the last one of those that waited, as a reader of the topic sees them. */
async function catchUp(arrivals: Arrivals): Promise<number> {
  const last = placed - 1
  while (arrivals.at(last) === undefined) await pause(50)
  const first = arrivals.at(2)!
  return (last - 2) / ((arrivals.at(last)! - first) / 1_000)
}

async function pace(arrivals: Arrivals): Promise<number[]> {
  // What the other's turns placed comes first.
  while (arrivals.at(placed - 1) === undefined) await pause(50)
  const first = placed
  await steadily()
  while (arrivals.at(placed - 1) === undefined) await pause(50)
  return sorted(first, (n) => arrivals.at(n)!)
}

/** `perSecond` appends of one event each, for `seconds`. */
async function steadily(): Promise<void> {
  const began = performance.now()
  const appending: Promise<void>[] = []
  for (let sent = 0; sent < perSecond * seconds;) {
    const due = Math.min(perSecond * seconds, ((performance.now() - began) / 1_000) * perSecond)
    for (; sent < due; sent++) appending.push(place(1))
    await pause(2)
  }
  await Promise.all(appending)
}

/** Of the second half: in the first the JVM is still compiling, for us and for Debezium alike. */
function sorted(first: number, at: (n: number) => number): number[] {
  const from = first + Math.floor((placed - first) / 2)
  const waits = Array.from({ length: placed - from }, (_, index) => at(from + index) - committed[from + index]!)
  return waits.toSorted((a, b) => a - b)
}

/** From commit to the moment an effect's transaction begins to end: its rows are written, its commit is under way. */
async function paceEffects(): Promise<number[]> {
  const handled: number[] = []
  const counting = consumer(
    'counting',
    orders,
    { Placed: ({ n }: { n: number }) => void (handled[n] = now()) },
    { from: 'now' },
  )
  const client = kafkaClient({ bootstrap: kafka.bootstrap })
  const running = runConsumer(counting, { source: kafkaSource({ client }), keeper: postgresKeeper({ pool }) })
  await pause(5_000)
  const first = placed
  await steadily()
  await running.caughtUp({ orders: placed })
  await running.stop()
  await client.close()
  return sorted(first, (n) => handled[n]!)
}

/** Kafka's own measuring tool, with records of as many bytes. */
async function plainProducer(): Promise<number> {
  const java = ['-XX:+UseSerialGC', `-Xmx${heapMiB}m`, '-cp', await kafkaJars()]
  const count = String(Math.min(total, 1_000_000))
  const asked = ['--topic', 'plain', '--num-records', count, '--record-size', '500', '--throughput', '-1']
  const to = ['--producer-props', `bootstrap.servers=${kafka.bootstrap}`, 'acks=all']
  const tool = ['org.apache.kafka.tools.ProducerPerformance', ...asked, ...to]
  const create = [
    'org.apache.kafka.tools.TopicCommand',
    '--bootstrap-server',
    kafka.bootstrap,
    '--create',
    '--topic',
    'plain',
    '--partitions',
    '12',
    '--replication-factor',
    '1',
  ]
  await promisify(execFile)('java', [...java, ...create])
  const { stdout } = await promisify(execFile)('java', [...java, ...tool], { maxBuffer: 1 << 24 })
  return Number(/([\d.]+) records\/sec/.exec(stdout.trim().split('\n').at(-1)!)![1])
}
