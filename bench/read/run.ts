// Reading the log from its first event to its last, beside COPY TO STDOUT of the same table.
import { migrate, openStore } from '@headwater/event-store'
import pg from 'pg'
import { to } from 'pg-copy-streams'
import { fill } from '../harness/events.ts'
import { median } from '../harness/pairs.ts'
import { full, report } from '../harness/report.ts'

const count = full ? 1_000_000 : 200_000
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL!, max: 4 })
await migrate(pool)
await fill(pool, count)
const { log } = openStore({ pool, service: 'bench' })

async function limit(): Promise<void> {
  const client = await pool.connect()
  let bytes = 0
  for await (const chunk of client.query(to('copy headwater.event to stdout'))) bytes += (chunk as Buffer).length
  client.release()
  if (bytes < count * 300) throw new Error(`Expected about 500 bytes an event, got ${bytes / count}.`)
}

async function unparsed(): Promise<void> {
  let lines = 0
  for (let after = 0; after < count; after += 50_000)
    for await (const chunk of log.copy({ after, upTo: after + 50_000 })) for (const byte of ends(chunk)) lines += byte
  if (lines !== count) throw new Error(`Expected ${count} lines, got ${lines}.`)
}

function* ends(chunk: Buffer): Iterable<number> {
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) yield 1
}

async function parsed(after = 0, upTo = count): Promise<void> {
  let position = after
  let sum = 0
  for await (const event of log.read({ after, upTo })) {
    if (event.position !== ++position) throw new Error(`Expected position ${position}, got ${event.position}.`)
    sum += event.data.amountMinor
  }
  if (position !== upTo || Number.isNaN(sum)) throw new Error(`Expected to end at ${upTo}, ended at ${position}.`)
}

async function rate(events: number, run: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await run()
  return (events / (performance.now() - started)) * 1000
}

const rates = { limit: [] as number[], unparsed: [] as number[], parsed: [] as number[], tail: [] as number[] }
const tenth = count / 10
for (let round = 0; round < 6; round++) {
  const one = [
    await rate(count, limit),
    await rate(count, unparsed),
    await rate(count, () => parsed()),
    (await rate(tenth, () => parsed(count - tenth, count))) / (await rate(tenth, () => parsed(0, tenth))),
  ]
  if (round === 0) continue // warms the caches
  for (const [index, list] of Object.values(rates).entries()) list.push(one[index]!)
}
const ratio = (of: number[]) => median(of.map((value, index) => value / rates.limit[index]!))
const said = (of: number[]) => `${ratio(of).toFixed(2)} × (${Math.round(median(of) / 1000)} k/s)`
const flat = median(rates.tail)
report(
  [
    { name: 'limit: COPY TO STDOUT', value: `${Math.round(median(rates.limit) / 1000)} k/s` },
    {
      name: 'unparsed (CloudEvents lines)',
      value: said(rates.unparsed),
      goal: '≥ 0.85',
      met: ratio(rates.unparsed) >= 0.85,
    },
    { name: 'parsed', value: said(rates.parsed), goal: '≥ 0.55', met: ratio(rates.parsed) >= 0.55 },
    { name: 'last tenth ÷ first tenth', value: flat.toFixed(2), goal: '≥ 0.8', met: flat >= 0.8 },
  ],
  `read: parsed ${ratio(rates.parsed).toFixed(2)} ×, unparsed ${ratio(rates.unparsed).toFixed(2)} × COPY, over ${count} events`,
)
await pool.end()
