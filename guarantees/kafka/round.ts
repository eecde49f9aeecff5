import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { migrateConsumers, postgresKeeper } from '@headwater/consumer'
import { connectorPlugins } from '@headwater/kafka'
import { openIssuer } from '@headwater/service/landscape'
import pg from 'pg'
import { freePort } from '../../bench/harness/port.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { check, type Known } from '../delivery/checks.ts'
import { tables } from '../delivery/shipping.ts'
import { Callers } from './callers.ts'
import { Crew, type Victim } from './crew.ts'
import { checkTopic, servedBy } from './topic.ts'

export interface RoundOptions {
  /** A server on which databases may be made. */
  readonly databaseUrl: string
  readonly seed: number
  readonly orders: number
  readonly kills: number
}

/** What one round counted; all but the first four must be zero. */
export interface Counts {
  readonly orders: number
  readonly kills: number
  /** Requests sent again. */
  readonly again: number
  readonly seconds: number
  readonly 'requests lost or done twice': number
  readonly 'in the topic: lost': number
  readonly 'in the topic: doubled': number
  readonly 'in the topic: out of key order': number
  readonly 'in the topic: other bytes than served': number
  readonly 'effects lost': number
  readonly 'effects doubled': number
  readonly 'effects out of key order': number
  readonly 'tasks failed at the end': number
}

const victims: readonly Victim[] = ['consumer', 'consumer', 'consumer', 'server', 'server', 'worker', 'broker']

/** A world of its own: requests go in while its parts are killed, then everything is counted. */
export async function round({ databaseUrl, seed, orders, kills }: RoundOptions): Promise<Counts> {
  const random = randomFrom(seed)
  const name = `k${seed}`
  const directory = await mkdtemp(join(tmpdir(), 'headwater-guarantee-'))
  const admin = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  await admin.query(`create database ${name}_shipping`)
  const pool = new pg.Pool({ connectionString: databaseOf(databaseUrl, `${name}_shipping`), max: 4 })
  await migrateConsumers(pool)
  await pool.query(tables)
  const port = await freePort()
  const entry = `http://127.0.0.1:${port}/`
  const issuer = await openIssuer(directory)
  const token = await issuer.sign({ subject: 'guarantee', scopes: ['events:read', 'orders:write'] }, 24 * 3_600)
  const tokenFile = join(directory, 'token')
  await writeFile(tokenFile, token, { mode: 0o600 })
  const crew = new Crew({
    databaseUrl: databaseOf(databaseUrl, `${name}_shipping`),
    server: [databaseUrl, name, directory, String(port)],
    entry,
    token,
    kafka: { directory: join(directory, 'kafka'), heapMiB: 320 },
    connect: {
      directory: join(directory, 'connect'),
      plugins: await connectorPlugins(),
      heapMiB: 320,
      port: await freePort(),
    },
  })
  const callers = new Callers(entry, token, random)
  const startedAt = performance.now()
  try {
    await crew.start(2)
    await callers.place(Math.round(orders * 0.1))
    await crew.connect.connectors.put('feeds', {
      'connector.class': 'dev.headwater.connect.FeedConnector',
      'tasks.max': '2',
      'entry.url': entry,
      'auth.token.file': tokenFile,
      'kafka.bootstrap.servers': crew.kafka.bootstrap,
    })
    await underFire(crew, callers, random, { orders, kills })
    crew.change('kafka')
    const events = await placedIn(databaseOf(databaseUrl, `${name}_orders`))
    await settled(pool, events.at(-1)!.position)
    const effects = await check(pool, events)
    const topic = await checkTopic(
      crew.kafka.bootstrap,
      'headwater.orders',
      await servedBy(`${entry}orders/events`, token),
    )
    const { tasks } = await crew.connect.connectors.state('feeds')
    const numbers = new Set(events.map(({ n }) => n))
    return {
      orders: callers.placed,
      kills: Object.values(crew.kills).reduce((sum, count) => sum + count),
      again: callers.again,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
      'requests lost or done twice': callers.placed - numbers.size + events.length - numbers.size,
      'in the topic: lost': topic.lost,
      'in the topic: doubled': topic.doubled,
      'in the topic: out of key order': topic.outOfOrder,
      'in the topic: other bytes than served': topic.altered,
      'effects lost': effects.lost,
      'effects doubled': effects.doubled,
      'effects out of key order': effects.outOfOrder,
      'tasks failed at the end': tasks.filter(({ state }) => state === 'FAILED').length,
    }
  } finally {
    await crew.stop()
    await pool.end()
    for (const database of ['shipping', 'orders'])
      await admin.query(`drop database if exists ${name}_${database} with (force)`)
    await admin.end()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Kills at random while orders come in; the consumers change from the feed to Kafka and back, twice. */
async function underFire(
  crew: Crew,
  callers: Callers,
  random: () => number,
  { orders, kills }: { orders: number; kills: number },
): Promise<void> {
  const changes = new Map([0.2, 0.4, 0.6, 0.8].map((share, index) => [Math.round(kills * share), index]))
  for (let n = 0; n < kills; n++) {
    const placing = callers.place(Math.max(0, Math.round((orders - callers.placed) / (kills - n))))
    const change = changes.get(n)
    if (change !== undefined) crew.change(change % 2 === 0 ? 'kafka' : 'feed')
    if (n % 5 === 4) crew.storm()
    await delay(random() * 1_000)
    await crew.kill(victims[Math.floor(random() * victims.length)]!, random)
    await placing
    await delay(random() * 1_000)
  }
}

/** Waits; gives up when nothing more is handled for two minutes: then something is lost, and the check says what. */
async function settled(pool: pg.Pool, last: number): Promise<void> {
  const keeper = postgresKeeper({ pool })
  let before = -1
  for (let idle = 0; idle < 240; idle++) {
    const progress = await keeper.progress('shipping')
    if (progress.every(({ least, parked }) => least >= last && parked.retrying + parked.behind === 0)) return
    const now = (await pool.query('select count(*)::int as n from effect')).rows[0].n
    if (now !== before) idle = 0
    before = now
    await delay(500)
  }
}

async function placedIn(databaseUrl: string): Promise<Known[]> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  const { rows } = await pool.query(
    `select position::int, stream, (data ->> 'n')::int as n from headwater.event where type = 'Placed' order by position`,
  )
  await pool.end()
  return rows
}

function databaseOf(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
