// Fills a lake with events of a bank, then asks it beside ClickHouse over the same files. `--full`: 10 M events, else 1 M.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Lake, openLake } from '@headwater/lake'
import { type ClickHouse, startClickHouse } from '../harness/clickhouse.ts'
import { median } from '../harness/pairs.ts'
import { full, type Line, option, report } from '../harness/report.ts'
import { type BankPage, bankPages } from './bank.ts'
import { type Question, questions } from './questions.ts'

const events = Number(option('events', full ? '10000000' : '1000000'))
const root = mkdtempSync(join(tmpdir(), 'headwater-ask-'))
const directory = join(root, 'lake')
const times = full ? 5 : 7

const lines: Line[] = []
const lake = await openLake({ directory })
for (const { service, page } of bankPages(events)) await lake.land(page, { service })
await lake.seal()
while (await lake.compact());
const clickHouse = startClickHouse(import.meta.dirname, directory)
const ratios: number[] = []
for (const question of questions) lines.push(await beside(lake, clickHouse, question))
clickHouse.stop()
lines.push(await freshness(lake))
lines.push(memory(), { name: 'on disk', value: `${mb(sizeOf(join(directory, 'segments')))} MB` })
await lake.close()
lines.push(await sealing())
rmSync(root, { recursive: true })
report(lines, `ask: ${events / 1e6} M events, slowest question ${Math.max(...ratios).toFixed(2)} × ClickHouse's time`)

/** From events in memory to committed segments; the median of three. */
async function sealing(): Promise<Line> {
  const pages = [...bankPages(300_000)]
  const rates: number[] = []
  for (let round = 0; round < 3; round++) {
    const lake = await openLake({ directory: join(root, `seal-${round}`), compact: false })
    const started = performance.now()
    for (const { service, page } of pages) await lake.land(page, { service })
    await lake.seal()
    rates.push((300_000 / (performance.now() - started)) * 1_000)
    await lake.close()
  }
  const rate = median(rates)
  return { name: 'sealing', value: `${Math.round(rate / 1_000)} k events/s`, goal: '≥ 150 k', met: rate >= 150_000 }
}

/** From landing to the first answer that counts the event, while pages of 1,000 land and are sealed. */
async function freshness(lake: Lake): Promise<Line> {
  const waits: number[] = []
  let position = 0
  for (const { page } of firstPages(100)) {
    const shifted = { ...page, from: position + 1, to: position + page.events.length, log: 'fresh' }
    const moved = page.events.map((event, index) => ({ ...event, position: position + 1 + index }))
    position = shifted.to
    const started = performance.now()
    await lake.land({ ...shifted, events: moved }, { service: 'fresh' })
    const { rows } = await lake.query(`select max(position) from events where service = 'fresh'`)
    if (rows[0]![0] !== position) throw new Error(`Landed up to ${position}, asked and got ${rows[0]![0]}.`)
    waits.push(performance.now() - started)
  }
  const p95 = waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.95)]!
  return { name: 'landed to visible, p95', value: `${Math.round(p95)} ms`, goal: '< 1,000 ms', met: p95 < 1_000 }
}

function firstPages(count: number): BankPage[] {
  return [...bankPages(count * 1_000)].slice(0, count)
}

/** Alternated, so that what disturbs the machine disturbs both; the first of each is not counted. */
async function beside(
  lake: Lake,
  clickHouse: ClickHouse,
  { name, ours, clickHouse: theirs, goalMs }: Question,
): Promise<Line> {
  const sql = theirs(`deltaLakeLocal('${directory}')`)
  const [mine, other]: [number[], number[]] = [[], []]
  for (let round = 0; round <= times; round++) {
    const started = performance.now()
    const answer = await lake.query(ours)
    const took = performance.now() - started
    const peer = await clickHouse.query(sql)
    if (round === 0) same(name, answer.rows, peer.rows)
    else [took, peer.ms].forEach((ms, index) => (index === 0 ? mine : other).push(ms))
  }
  const [ms, peerMs] = [median(mine), median(other)]
  ratios.push(ms / peerMs)
  const slow = full && goalMs !== undefined && ms > goalMs
  const limit = goalMs === undefined ? '' : `, < ${goalMs.toLocaleString('en')} ms over 10 M`
  const value = `${ms.toFixed(0)} ms, ClickHouse ${peerMs.toFixed(0)} ms, ${(ms / peerMs).toFixed(2)} ×`
  return { name, value, goal: `≤ 1 ×${limit}`, met: ms <= peerMs && !slow }
}

/** The answers agree, whatever each engine calls a time. */
function same(name: string, ours: readonly (readonly unknown[])[], theirs: readonly (readonly unknown[])[]): void {
  const plain = (rows: readonly (readonly unknown[])[]) =>
    JSON.stringify(
      rows.map((row) =>
        row.map((value) =>
          String(value)
            .replace(/T(.*)Z$/, ' $1')
            .replace(/(:\d\d\.\d*?)0+$/, '$1')
            .replace(/\.$/, ''),
        ),
      ),
    )
  if (plain(ours) !== plain(theirs))
    throw new Error(`${name}: ours ${plain(ours).slice(0, 300)}, ClickHouse's ${plain(theirs).slice(0, 300)}`)
}

/** The most this process and those that answered its questions ever held. */
function memory(): Line {
  const asking = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
  const peak = [process.pid, ...asking.map(Number)].reduce((sum, pid) => sum + peakOf(pid), 0)
  return { name: 'memory, lake and askers', value: `${mb(peak)} MB`, goal: '≤ 1,024 MB', met: peak <= 1024 ** 3 }
}

function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

function mb(bytes: number): number {
  return Math.round(bytes / 1024 ** 2)
}
