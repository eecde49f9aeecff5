// Appends beside a plain prepared INSERT by the same driver and beside Emmett, in the same run.
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql'
import { migrate, openStore } from '@headwater/event-store'
import pg from 'pg'
import { callers, type Compared, pairs } from '../harness/pairs.ts'
import { type Line, report } from '../harness/report.ts'
import { insert, insertHundred, insertThree, plainTable } from './plain.ts'

const url = process.env.DATABASE_URL!
const pool = new pg.Pool({ connectionString: url, max: 40 })
const ownPool = new pg.Pool({ connectionString: url, max: 10 })
await migrate(ownPool)
await pool.query(plainTable)
const store = openStore({ pool: ownPool, service: 'bench' })
const emmett = getPostgreSQLEventStore(url)
const data = { customerId: 'c123456', amountMinor: 12_345, note: 'x'.repeat(60) }
const meta = { correlationId: 'c', causationId: 'c' }
let streams = 0

const one = async () => {
  await store.append({
    streams: [{ stream: `pot-${++streams}`, expected: 0, events: [{ type: 'Saved', data }] }],
    meta,
  })
  return 1
}
const hundred = async () => {
  const events = Array.from({ length: 100 }, () => ({ type: 'Saved', data }))
  await store.append({ streams: [{ stream: `pot-${++streams}`, expected: 0, events }], meta })
  return 100
}
const three = () => {
  const stream = `pot-${++streams}`
  const request = {
    stream: `request-${streams}`,
    expected: 0,
    events: [{ type: 'RequestReceived', data: { input: data } }],
  }
  return {
    streams: [request, { stream, expected: 0, events: [{ type: 'Saved', data }] }],
    rows: [{ projection: 'pots', key: stream, value: data }],
    meta,
  }
}
const viaAppend = async () => (await store.append(three()), 1)
const viaTransact = async () => (await store.transact(async (tx) => tx.append(three())), 1)
const plain = async () => (await insert(pool, data), 1)
const plainThree = async () => (await insertThree(pool, data), 1)
const viaEmmett = async () => {
  await emmett.appendToStream(`pot-${++streams}`, [{ type: 'Saved', data }], {
    expectedStreamVersion: 'STREAM_DOES_NOT_EXIST',
  })
  return 1
}

// 100 k events in each table, and statistics, before anything is measured.
for (let filled = 0; filled < 100_000; filled += 2_000)
  await Promise.all(
    Array.from({ length: 20 }, () => Promise.all([hundred(), insertHundred(pool, JSON.stringify(data))])),
  )
await callers(8, viaEmmett)(500)
await pool.query('analyze')

const lines: Line[] = []
const say = (name: string, { ratio, low, high, ours, theirs }: Compared, goal?: number): number => {
  const value = `${ratio.toFixed(2)} × (${low.toFixed(2)}–${high.toFixed(2)})  ${Math.round(ours)}/s : ${Math.round(theirs)}/s`
  lines.push({ name, value, ...(goal === undefined ? {} : { goal: `≥ ${goal}`, met: ratio >= goal }) })
  return ratio
}
say('1 writer : plain INSERT', await pairs(callers(1, one), callers(1, plain)), 0.8)
say('8 writers : plain INSERT', await pairs(callers(8, one), callers(8, plain)), 1)
const at32 = say('32 writers : plain INSERT', await pairs(callers(32, one), callers(32, plain)), 4)
say('256 writers : plain INSERT', await pairs(callers(256, one), callers(256, plain)))
const emmett32 = say('32 writers : Emmett', await pairs(callers(32, one), callers(32, viaEmmett)), 8)
say(
  '100 an append, 1 writer : INSERT in the server',
  await pairs(
    callers(1, hundred),
    callers(1, async () => (await insertHundred(pool, JSON.stringify(data)), 100)),
  ),
  0.65,
)
for (const writers of [1, 8, 32]) {
  say(
    `request + event + row, ${writers} : by hand`,
    await pairs(callers(writers, viaAppend), callers(writers, plainThree), 3),
  )
  say(
    `the same through transact, ${writers} : by hand`,
    await pairs(callers(writers, viaTransact), callers(writers, plainThree), 3),
  )
}
report(lines, `append: at 32 writers ${at32.toFixed(1)} × a plain INSERT, ${emmett32.toFixed(1)} × Emmett`)
await emmett.close()
await Promise.all([pool.end(), ownPool.end()])
