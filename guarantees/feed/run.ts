// Readers of every face, while the log is under the record side's fire and both the service and Postgres are killed: each sees every
// event its view allows once, in order, and covers exactly 1..n. Then a reader that stops reading: no snapshot is held for it.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate, openStore } from '@headwater/event-store'
import { type Postgres, startPostgres } from '@headwater/postgres'
import pg from 'pg'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, type Line, option, report } from '../../bench/harness/report.ts'
import { byBatches, byLines, byLive, byPages, byPolls, type Seen, slow, start } from './readers.ts'

const seed = Number(option('seed', String(Date.now() % 100_000)))
const seconds = Number(option('for', full ? '300' : '25').replace(/s$/, ''))
const random = randomFrom(seed)
const root = join(import.meta.dirname, '..', '..')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function run(file: string, ...args: string[]): ChildProcess {
  const all = ['--conditions=source', '--import', 'tsx', join(root, file), ...args]
  return spawn(process.execPath, all, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

const directory = await mkdtemp(join(tmpdir(), 'headwater-feed-'))
let postgres = await startPostgres({ directory: join(directory, 'postgres') })
const setUp = new pg.Pool({ connectionString: postgres.url })
await migrate(setUp)
await setUp.query('create table note (op text primary key)')
await setUp.end()

const port = String(20_000 + (process.pid % 20_000))
const feedUrl = `http://127.0.0.1:${port}/events`
let service = run('guarantees/feed/server.ts', postgres.url, port)
const writers = [1, 2].map((n) => run('guarantees/log/writer.ts', postgres.url, String(seed * 10 + n), `w${n}`))
const hidden = writeHidden(() => postgres.url)
const faces = {
  pages: byPages,
  polls: byPolls,
  lines: byLines(false),
  'lines, gzip': byLines(true),
  batches: byBatches,
  live: byLive(),
}
const readers = Object.entries(faces).map(([name, read]) => ({ name, ...start(read, feedUrl) }))

process.on('exit', () => {
  for (const child of [service, ...writers]) child.kill('SIGKILL')
})

let serviceKills = 0
let postgresKills = 0
for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
  await pause(2_000 + random() * 3_000)
  if ((serviceKills + postgresKills) % 3 !== 1) {
    serviceKills++
    service.kill('SIGKILL')
    service = run('guarantees/feed/server.ts', postgres.url, port)
  } else {
    postgresKills++
    postgres = await killAndRestart(postgres)
  }
}
for (const writer of writers) writer.kill('SIGKILL')
await hidden.stop()
await pause(1_000)
const { last, shown } = await truth(postgres.url)
await Promise.race([Promise.all(readers.map(({ seen }) => caughtUp(seen, last))), pause(60_000)])
await Promise.all(readers.map(({ stop }) => stop()))
const lines: Line[] = readers.map(({ name, seen }) => judge(name, seen))
lines.push(await slowReader())
report(
  [
    {
      name: 'events in the log, shown',
      value: `${last}, ${shown.length}`,
      goal: 'over 100 shown',
      met: shown.length > 100,
    },
    { name: 'kill -9 of the service / of Postgres', value: `${serviceKills} / ${postgresKills}` },
    ...lines,
  ],
  `feed: ${readers.length} readers over ${last} positions under fire, ${lines.filter(({ met }) => met === false).length} contradictions (seed ${seed})`,
)
service.kill('SIGKILL')
await postgres.stop()
await rm(directory, { recursive: true, force: true })

/** Events that no published view shows, so that ranges move over them. */
function writeHidden(url: () => string) {
  let stopped = false
  const running = (async () => {
    while (!stopped) {
      const pool = new pg.Pool({ connectionString: url(), max: 1, connectionTimeoutMillis: 2_000 })
      const store = openStore({ pool, service: 'fire' })
      try {
        for (let n = 0; !stopped; n++) {
          await store.append({
            streams: [{ stream: 'note-1', events: [{ type: 'Noted', data: { n } }] }],
            meta: { correlationId: 'n', causationId: 'n' },
          })
          await pause(5)
        }
      } catch {
        await pause(200)
      }
      await pool.end().catch(() => undefined)
    }
  })()
  return {
    stop: async () => {
      stopped = true
      await running
    },
  }
}

async function killAndRestart(server: Postgres): Promise<Postgres> {
  process.kill(server.pid, 'SIGKILL')
  for (;;) {
    try {
      return await startPostgres({ directory: join(directory, 'postgres'), port: server.port })
    } catch {
      await pause(200) // its children hold the shared memory until they notice
    }
  }
}

async function truth(url: string): Promise<{ last: number; shown: string[] }> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const { rows } = await pool.query('select position::int, id, type from headwater.event order by position')
  await pool.end()
  const shown = rows.filter(({ type }) => type === 'Written').map(({ position, id }) => `${position} ${id}`)
  return { last: rows.at(-1).position, shown }
}

async function caughtUp(seen: Seen, to: number): Promise<void> {
  while (seen.covered < to) await pause(50)
}

function judge(name: string, seen: Seen): Line {
  const first = seen.events.findIndex((event, index) => event !== shown[index])
  const wrong = [...seen.wrong]
  if (first >= 0) wrong.push(`event ${first}: ${seen.events[first]} where ${shown[first]} was due`)
  else if (seen.events.length !== shown.length) wrong.push(`${seen.events.length} events of ${shown.length}`)
  if (seen.covered !== last) wrong.push(`covered to ${seen.covered} of ${last}`)
  return {
    name: `by ${name}`,
    value: wrong[0] ?? `all ${shown.length} once`,
    goal: 'all once, in order, 1..n covered',
    met: wrong.length === 0,
  }
}

/** A backend that holds a snapshot has a `backend_xmin`; none may keep one while the reader stands still. */
async function slowReader(): Promise<Line> {
  const release = await slow(feedUrl)
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 })
  await pause(2_500)
  let held = 0
  for (let look = 0; look < 20; look++) {
    const { rows } = await pool.query(
      `select count(*)::int as held from pg_stat_activity
       where backend_xmin is not null and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    held += rows[0].held
    await pause(50)
  }
  await pool.end()
  release()
  return { name: 'snapshots held for a reader that stands still', value: String(held), goal: '0', met: held === 0 }
}
