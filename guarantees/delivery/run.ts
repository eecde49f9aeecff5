// Each effect once, in key order, over random kill -9 of consumers and of the serving process, failures of handlers and poison:
// 3 processes of one consumer over a feed, 1,000 streams. Then the handler is mended, and what was parked is handled too.
import { migrateConsumers, postgresKeeper } from '@headwater/consumer'
import { type EventStore, migrate, openStore } from '@headwater/event-store'
import pg from 'pg'
import { freePort } from '../../bench/harness/port.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { beforePoison, check, eventsIn, outsideOf, parkedWrong } from './checks.ts'
import { Crew } from './crew.ts'
import { tables } from './shipping.ts'

const total = Number(option('events', '100000'))
const kills = Number(option('kills', full ? '1000' : '40'))
const streams = 1_000
const seed = Number(option('seed', String(Date.now() % 100_000)))
const random = randomFrom(seed)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 })
await migrate(pool)
await migrateConsumers(pool)
await pool.query(tables)
const store = openStore({ pool, service: 'orders' })
const keeper = postgresKeeper({ pool })
const crew = new Crew(process.env.DATABASE_URL!, await freePort())

let placed = 0
await place(store, total * 0.7)
crew.start(3)
const startedAt = performance.now()
const share = (total - placed) / kills
for (let n = 0; n < kills; n++) {
  await place(store, Math.round(share))
  await pause(200 + random() * 1_200)
  crew.kill(random)
}
await place(store, total - placed)

const events = await eventsIn(pool)
const passed = beforePoison(events)
await settled(async () => (await count('effect')) >= passed.length && (await parkedKeys('retrying')) === 0)
const first = await check(pool, passed)
const parked = await parkedWrong(pool, events, passed)

crew.mend()
await keeper.parked.retry('shipping')
await settled(async () => (await count('consumer_parked')) === 0 && (await count('consumer_outbox')) === 0)
const seconds = (performance.now() - startedAt) / 1_000
crew.stop()
const last = await check(pool, events)
const outside = await outsideOf(pool, events)
await store.close()
await pool.end()

const zero = (wrong: number) => ({ value: String(wrong), goal: '0', met: wrong === 0 })
const wrongs = [
  first.lost,
  first.doubled,
  first.outOfOrder,
  parked,
  last.lost,
  last.doubled,
  last.outOfOrder,
  outside.lost,
]
report(
  [
    { name: 'events / streams', value: `${events.length} / ${streams}` },
    { name: 'kill -9 of consumers / of the server', value: `${crew.kills.worker} / ${crew.kills.server}` },
    { name: 'seconds', value: seconds.toFixed(0) },
    { name: 'with poison parked: lost', ...zero(first.lost) },
    { name: 'with poison parked: doubled', ...zero(first.doubled) },
    { name: 'with poison parked: out of order', ...zero(first.outOfOrder) },
    { name: `parked (${events.length - passed.length}) that are not as they should be`, ...zero(parked) },
    { name: 'after mending: lost', ...zero(last.lost) },
    { name: 'after mending: doubled', ...zero(last.doubled) },
    { name: 'after mending: out of order', ...zero(last.outOfOrder) },
    { name: 'effects outside never made', ...zero(outside.lost) },
    { name: 'effects outside made again, same id', value: String(outside.again) },
  ],
  `delivery: ${events.length} events, ${crew.kills.worker + crew.kills.server} kills, ${wrongs.reduce((sum, wrong) => sum + wrong, 0)} effects wrong (seed ${seed})`,
)

async function place(to: EventStore, wanted: number): Promise<void> {
  for (const until = placed + wanted; placed < until;) {
    const chunk = Array.from({ length: Math.min(500, until - placed) }, () => placed++)
    const byStream = new Map<string, number[]>()
    for (const n of chunk) {
      const stream = `order-${Math.floor(random() * streams)}`
      byStream.set(stream, [...(byStream.get(stream) ?? []), n])
    }
    const meta = { correlationId: 'delivery', causationId: 'delivery' }
    const appends = Array.from(byStream, ([stream, numbers]) => ({
      stream,
      events: numbers.map((n) => ({ type: 'Placed', data: { n } })),
    }))
    await to.append({ streams: appends, meta })
  }
}

async function count(table: string): Promise<number> {
  const where = table.startsWith('consumer_') ? `headwater.${table} where consumer = 'shipping'` : table
  return (await pool.query(`select count(*)::int as n from ${where}`)).rows[0].n
}

async function parkedKeys(state: string): Promise<number> {
  const { rows } = await pool.query(
    `select count(*)::int as n from headwater.consumer_parked where state in ($1, 'ready')`,
    [state],
  )
  return rows[0].n
}

/** Waits; gives up when nothing more is handled for a minute: then something is lost, and the check says what. */
async function settled(done: () => Promise<boolean>): Promise<void> {
  let before = -1
  for (let idle = 0; idle < 120 && !(await done()); idle++) {
    const now = (await count('effect')) - (await count('consumer_parked')) - (await count('consumer_outbox'))
    if (now !== before) idle = 0
    before = now
    await pause(500)
  }
}
