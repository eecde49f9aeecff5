// Three writers land the same three logs into one lake while they are killed at random; questions are asked all the while, and one of
// the logs forks in the middle, as after a restore.
// Then: the lake holds exactly the logs' events, byte for byte, and ClickHouse reads the same from the same files, also as of then.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Lake, openLake } from '@headwater/lake'
import { startClickHouse } from '../../bench/harness/clickhouse.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, type Line, option, report } from '../../bench/harness/report.ts'
import { eventsByVersion } from './history.ts'
import { dataAt, type Fork, idAt, type Service, services, typeAt } from './log.ts'

const seed = Number(option('seed', '1'))
const random = randomFrom(seed)
const directory = mkdtempSync(join(tmpdir(), 'headwater-lake-'))
const all = Object.values(services).reduce((sum, last) => sum + last, 0)
const kills = full ? 30 : 13
const wrong: string[] = []

/** What came beyond was lost, and comes otherwise; writers learn it when some of that has landed. */
const lost: Fork = { service: 'cards', log: 'log-cards-2', position: services.cards * 0.4 }
const forkFile = `${directory}.fork.json`

let killed = 0
let asked = 0
await landUnderFire()
const lake = await openLake({ directory, compact: false })
const versions = eventsByVersion(directory)
await sameAsLogs(lake)
const travelled = await sameInClickHouse()
await lake.close()

const commits = versions.filter(({ commit }) => commit).length
const forks = versions.filter(({ forked }) => forked).length
const joined = versions.length - commits
const lines: Line[] = [
  { name: 'events in the logs', value: String(all) },
  { name: 'writers killed with −9', value: String(killed), goal: `≥ ${kills}`, met: killed >= kills },
  { name: 'commits that landed events', value: String(commits), goal: '≥ 100', met: commits >= 100 },
  { name: 'forks, taken out of the table', value: String(forks), goal: '≥ 1', met: forks >= 1 },
  { name: 'commits that joined segments', value: String(joined), goal: '≥ 1', met: joined >= 1 },
  { name: 'questions asked under fire', value: String(asked), goal: '≥ 10', met: asked >= 10 },
  { name: 'versions ClickHouse read', value: String(travelled) },
  { name: 'differences', value: String(wrong.length), goal: '0', met: wrong.length === 0 },
]
for (const one of wrong.slice(0, 20)) console.error(one)
report(lines, `lake: ${all} events, ${commits} commits, ${killed} kills, ${wrong.length} differences (seed ${seed})`)
rmSync(directory, { recursive: true, force: true })
rmSync(forkFile, { force: true })

/** Until all is landed and enough writers died: kills one of three at random, and starts another in its place. */
async function landUnderFire(): Promise<void> {
  const reader = await openLake({ directory, compact: false, processes: { count: 1 } })
  let writers: Writer[] = []
  let started = 0
  const landed = () => versionsSoFar().at(-1)
  const done = () => landed()?.events === all && existsSync(forkFile)
  while (!done()) {
    writers = writers.filter(({ child }) => child.exitCode === null && child.signalCode === null)
    while (writers.length < 3) writers.push(writer(++started))
    await Promise.race([pause(400 + random() * 1_500), ...writers.map(({ gone }) => gone)])
    if (killed < kills || random() < 0.1) {
      const victim = writers[Math.floor(random() * writers.length)]!
      if (victim.child.kill('SIGKILL')) killed++
    }
    await consistent(reader)
    if (!existsSync(forkFile) && (landed()?.positions[lost.service] ?? 0) > lost.position + 1_000)
      writeFileSync(forkFile, JSON.stringify(lost))
  }
  await Promise.all(writers.map(({ gone }) => gone))
  await reader.close()
}

interface Writer {
  readonly child: ChildProcess
  readonly gone: Promise<unknown>
}

function writer(number: number): Writer {
  const child = fork(join(import.meta.dirname, 'writer.ts'), [directory, String(seed * 1_000 + number), forkFile])
  child.on('exit', (code) => {
    if (code !== null && code !== 0) wrong.push(`Writer ${number} failed with exit code ${code}.`)
  })
  return { child, gone: once(child, 'exit') }
}

function versionsSoFar(): ReturnType<typeof eventsByVersion> {
  try {
    return eventsByVersion(directory)
  } catch {
    return []
  }
}

/** Whatever is landed when a question is asked: each position once, none missing. */
async function consistent(reader: Lake): Promise<void> {
  const { rows, at } = await reader.query(
    'select service, count(*), count(distinct position), max(position) from events group by service',
  )
  asked++
  for (const [service, count, distinct, last] of rows)
    if (count !== at[String(service)] || distinct !== count || last !== count)
      wrong.push(
        `Asked at ${JSON.stringify(at)}: ${service} has ${count} events, ${distinct} positions, the last ${last}.`,
      )
}

/** Every event of every log, and nothing else. */
async function sameAsLogs(lake: Lake): Promise<void> {
  for (const [service, last] of Object.entries(services) as [Service, number][]) {
    const { rows, truncated } = await lake.query(
      `select position, id, type, data from events where service = '${service}' order by position`,
      { limits: { rows: last + 1, bytes: 2 ** 28, timeMs: 120_000 } },
    )
    if (rows.length !== last || truncated) wrong.push(`${service} has ${rows.length} events, not ${last}.`)
    for (const [index, [position, id, type, data]] of rows.entries()) {
      const expected = index + 1
      const fits =
        id === idAt(service, expected, lost) &&
        type === typeAt(service, expected) &&
        data === dataAt(service, expected, lost)
      if (position !== expected || !fits) wrong.push(`${service} has at ${expected}: ${position} ${id} ${type} ${data}`)
    }
  }
}

/** An engine that knows nothing of us: counts and typed sums now, counts of a sample of older versions. */
async function sameInClickHouse(): Promise<number> {
  const clickHouse = startClickHouse(import.meta.dirname, directory)
  const table = `deltaLakeLocal('${directory}')`
  try {
    const { rows } = await clickHouse.query(
      `select sum(pots__Saved.amountMinor), sum(cards__CardPaid.amountMinor), count(), uniqExact(service, position) from ${table}`,
    )
    const ours = await lake.query(
      'select (select sum("amountMinor") from pots.Saved), (select sum("amountMinor") from CardPaid), count(*), count(distinct (service, position)) from events',
    )
    if (JSON.stringify(rows[0]) !== JSON.stringify(ours.rows[0]))
      wrong.push(`ClickHouse says ${JSON.stringify(rows[0])}, we say ${JSON.stringify(ours.rows[0])}.`)
    const sample = versions.filter(({ version }) => full || version % 7 === 0 || version === versions.length - 1)
    for (const { version, events } of sample) {
      const then = await clickHouse.query(
        `select count() from ${table} settings delta_lake_snapshot_version = ${version}`,
      )
      if (then.rows[0]![0] !== events)
        wrong.push(`Version ${version}: ClickHouse counts ${then.rows[0]![0]}, landed were ${events}.`)
    }
    return sample.length
  } finally {
    clickHouse.stop()
  }
}
