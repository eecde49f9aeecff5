import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type LogRow, migrate, openStore } from '@headwater/event-store'
import { type Postgres, startPostgres } from '@headwater/postgres'
import pg from 'pg'
import { randomFrom } from '../../bench/harness/random.ts'
import { wrongs } from './checks.ts'
import { CuttingProxy } from './cutting.ts'
import type { Intent, Told } from './writer.ts'

const root = join(import.meta.dirname, '..', '..')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export async function fire({ directory, seed, seconds }: { directory: string; seed: number; seconds: number }) {
  const random = randomFrom(seed)
  let server = await startPostgres({ directory: join(directory, 'postgres') })
  const pool = new pg.Pool({ connectionString: server.url, max: 4 })
  await migrate(pool)
  await pool.query('create table note (op text primary key)')
  await pool.end()
  const proxy = new CuttingProxy(server.port)
  const port = await proxy.listen()
  const through = new URL(server.url)
  through.port = String(port)
  const intents: Intent[] = []
  const told: Told[] = []
  let lives = 0
  const start = () => startWriter(through.href, seed * 100 + ++lives, intents, told)
  const writers = [start(), start()]
  const reader = follow(() => server.url)
  const end = performance.now() + seconds * 1000
  let serverKills = 0
  let nextKill = performance.now() + Math.min(6_000, seconds * 300)
  while (performance.now() < end) {
    await pause(100 + random() * 300)
    proxy.cut(random)
    if (performance.now() < nextKill) continue
    nextKill = performance.now() + 4_000 + random() * 6_000
    if (random() < 0.5) {
      const victim = Math.floor(random() * writers.length)
      writers[victim]!.kill('SIGKILL')
      writers[victim] = start()
    } else {
      serverKills += 1
      server = await killAndRestart(server, directory)
      proxy.target = server.port
    }
  }
  if (serverKills === 0) {
    serverKills += 1
    server = await killAndRestart(server, directory)
    proxy.target = server.port
    await pause(2_000)
  }
  for (const writer of writers) writer.kill('SIGKILL')
  await proxy.close()
  const final = await readAll(server.url)
  const seen = await reader.stop(final.rows.length)
  const skipped = final.rows.filter((row, index) => JSON.stringify(row) !== seen[index]).length
  await server.stop()
  return {
    events: final.rows.length,
    told: tally(told),
    cuts: proxy.cuts,
    writerKills: lives - 2,
    serverKills,
    skipped,
    wrong: wrongs(final.rows, intents, told, final.notes),
  }
}

function startWriter(url: string, seed: number, intents: Intent[], told: Told[]): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', 'tsx', join(import.meta.dirname, 'writer.ts'), url, String(seed), `w${seed}`],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (!line.endsWith('}')) return // cut off by the kill
    const said = JSON.parse(line)
    if (said.intent !== undefined) intents.push(said.intent)
    if (said.told !== undefined) told.push(said.told)
  })
  return child
}

export async function killAndRestart(server: Postgres, directory: string): Promise<Postgres> {
  process.kill(server.pid, 'SIGKILL')
  // Its children notice on their own; until then they hold the shared memory.
  for (;;) {
    try {
      return await startPostgres({ directory: join(directory, 'postgres'), port: server.port })
    } catch {
      await pause(200)
    }
  }
}

/** Reads on from where it is, whatever happens: everything it saw, in order. */
export function follow(url: () => string) {
  const seen: string[] = []
  let stopped = false
  const run = async (until: () => boolean) => {
    while (!until()) {
      const pool = new pg.Pool({ connectionString: url(), max: 2, connectionTimeoutMillis: 2_000 })
      const { log } = openStore({ pool, service: 'fire' })
      try {
        while (!until()) {
          await log.waitFor(seen.length, { waitMs: 500 })
          for (const row of await log.rows({ after: seen.length, limit: 97 })) seen.push(JSON.stringify(row))
        }
      } catch {
        await pause(100)
      }
      await pool.end().catch(() => undefined)
    }
  }
  const running = run(() => stopped)
  return {
    async stop(last: number) {
      stopped = true
      await running
      await run(() => seen.length >= last)
      return seen
    },
  }
}

async function readAll(url: string): Promise<{ rows: LogRow[]; notes: Set<string> }> {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  // What the killed writers had sent may still be at work.
  for (;;) {
    const { rows } = await pool.query(
      `select count(*)::int as busy from pg_stat_activity where state <> 'idle' and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
    if (rows[0].busy === 0) break
    await pause(100)
  }
  const { log } = openStore({ pool, service: 'fire' })
  const all: LogRow[] = []
  for (;;) {
    const page = await log.rows({ after: all.length, limit: 10_000 })
    all.push(...page)
    if (page.length === 0) break
  }
  const notes = new Set<string>((await pool.query('select op from note')).rows.map(({ op }) => op))
  await pool.end()
  return { rows: all, notes }
}

function tally(told: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { result } of told) {
    const word = result.split(' ')[0]!
    counts[word] = (counts[word] ?? 0) + 1
  }
  return counts
}
