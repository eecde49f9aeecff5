// Each committed row of somebody's outbox gets its one place in the log, in its writer's order: 16 writers in two processes that hold and
// roll back, two numberers, kill -9 of writers, numberers and Postgres.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { adoptOutbox, type LogRow, migrate, openStore } from '@headwater/event-store'
import { startPostgres } from '@headwater/postgres'
import pg from 'pg'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { follow, killAndRestart } from '../log/fire.ts'

const seed = Number(option('seed', String(Date.now() % 100_000)))
const seconds = Number.parseInt(option('for', full ? '600' : '25'), 10)
const random = randomFrom(seed)
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const directory = await mkdtemp(join(tmpdir(), 'headwater-outbox-'))
let server = await startPostgres({ directory: join(directory, 'postgres') })

interface Told {
  readonly writer: string
  readonly n: number
  readonly told: 'committed' | 'rolled back'
}
const told: Told[] = []
const kills = { writers: 0, numberers: 0, servers: 0 }

function start(program: 'writer' | 'numberer', ...args: string[]): ChildProcess {
  const path = join(import.meta.dirname, `${program}.ts`)
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', path, server.url, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (line.endsWith('}')) told.push(JSON.parse(line) as Told) // else cut off by the kill
  })
  return child
}

async function burn(): Promise<void> {
  let lives = 0
  const writer = () => start('writer', String(seed * 1_000 + ++lives))
  const writers = [writer(), writer()]
  const numberers = [start('numberer'), start('numberer')]
  const replace = (all: ChildProcess[], by: () => ChildProcess) => {
    const victim = Math.floor(random() * all.length)
    all[victim]!.kill('SIGKILL')
    all[victim] = by()
  }
  for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
    await pause(1_000 + random() * 1_000)
    const lot = random()
    if (lot < 0.6) {
      replace(numberers, () => start('numberer'))
      kills.numberers += 1
    } else if (lot < 0.85) {
      replace(writers, writer)
      kills.writers += 1
    } else {
      server = await killAndRestart(server, directory)
      kills.servers += 1
    }
  }
  for (const child of [...writers, ...numberers]) child.kill('SIGKILL')
}

interface Row {
  readonly id: number
  readonly writer: string
  readonly n: number
  readonly part: number
  readonly parts: number
}

/** What the log says against the table and what writers were told. */
function wrongs(rows: readonly Row[], log: readonly LogRow[]): string[] {
  const found: string[] = []
  const say = (what: string, holds: boolean) => void (holds || found.push(what))
  const ids = log.map(({ id }) => id)
  const places = new Map(log.map(({ id, position }) => [id, position]))
  say('an id is in the log twice', places.size === ids.length)
  log.forEach(({ position }, index) => say(`position ${position} at place ${index + 1}`, position === index + 1))
  for (const { id } of rows) say(`row ${id} was committed and has no place`, places.has(`row-${id}`))
  const known = new Set(rows.map(({ id }) => `row-${id}`))
  for (const id of ids) say(`${id} has a place and was not committed`, known.has(id))
  const transactions = new Map<string, Row[]>()
  const byWriter = new Map<string, number>()
  for (const row of rows.toSorted((a, b) => a.n - b.n || a.part - b.part)) {
    const place = places.get(`row-${row.id}`) ?? 0
    say(`${row.writer} ${row.n}.${row.part} is out of its order`, place > (byWriter.get(row.writer) ?? 0))
    byWriter.set(row.writer, place)
    const key = `${row.writer} ${row.n}`
    transactions.set(key, [...(transactions.get(key) ?? []), row])
  }
  for (const [key, parts] of transactions) say(`${key} is half there`, parts.length === parts[0]!.parts)
  for (const { writer, n, told: outcome } of told)
    say(`${writer} ${n} was ${outcome}`, transactions.has(`${writer} ${n}`) === (outcome === 'committed'))
  return found
}

try {
  let pool = new pg.Pool({ connectionString: server.url, max: 4 })
  await migrate(pool)
  await pool.query(`create schema shop; create table shop.outbox (
    id serial primary key, writer text not null, n integer not null, part integer not null, parts integer not null)`)
  await pool.end()
  const reader = follow(() => server.url)
  await burn()
  pool = new pg.Pool({ connectionString: server.url, max: 4 })
  const busy = `select 1 from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid() and backend_type = 'client backend'`
  // What was killed may still be at work in Postgres; the reader is never among those who hold anything for long.
  while (((await pool.query(`${busy} and query not like '%headwater.event%'`)).rowCount ?? 0) > 0) await pause(100)
  const store = openStore({ pool, service: 'fire' })
  const map = (row: Row) => ({
    id: `row-${row.id}`,
    stream: `order-${row.writer}`,
    type: 'Placed',
    data: { writer: row.writer, n: row.n, part: row.part },
  })
  const outbox = await adoptOutbox(store, { pool, table: 'shop.outbox', map })
  await outbox.caughtUp()
  await outbox.stop()
  const { rows } = await pool.query<Row>('select id, writer, n, part, parts from shop.outbox order by id')
  const log = await store.log.rows({ after: 0, limit: 1_000_000 })
  const seen = await reader.stop(log.length)
  await pool.end()
  const skipped = log.filter((row, index) => JSON.stringify(row) !== seen[index]).length
  const wrong = wrongs(rows, log)
  for (const one of wrong.slice(0, 20)) console.error(one)
  const zero = (count: number) => ({ value: String(count), goal: '0', met: count === 0 })
  report(
    [
      { name: 'rows committed', value: String(rows.length) },
      {
        name: 'transactions told committed / rolled back',
        value: ['committed', 'rolled back'].map((word) => told.filter((one) => one.told === word).length).join(' / '),
      },
      {
        name: 'kill -9 of writers / numberers / Postgres',
        value: `${kills.writers} / ${kills.numberers} / ${kills.servers}`,
      },
      { name: 'contradictions between table, log and answers', ...zero(wrong.length) },
      { name: 'events a reader skipped or saw change', ...zero(skipped) },
    ],
    `outbox: ${rows.length} rows under fire, ${wrong.length + skipped} contradictions (seed ${seed})`,
  )
} finally {
  await server.stop()
  await rm(directory, { recursive: true, force: true })
  await rm(server.directory, { recursive: true, force: true })
}
