// Requests over HTTP → feed → Connect (exactly once) → Kafka → consumers, over random kill -9 of service, worker, broker and
// consumers, storms of consumers that come and go, and consumers that change from the feed to Kafka and back, twice a round: each
// event once in the topic and once in effect, byte for byte and in key order. A tally kept in a file goes on where it was left.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { full, option, report } from '../../bench/harness/report.ts'
import { type Counts, round } from './round.ts'

interface Tally {
  readonly seed: number
  readonly rounds: readonly Counts[]
}

const killsInAll = Number(option('kills', full ? '1000' : '24'))
const killsPerRound = Math.min(killsInAll, 50)
const orders = Number(option('orders', String(250 * killsPerRound)))
const file = option('tally', full ? 'kafka-tally.json' : '')
const until = performance.now() + minutes(option('for', '24h')) * 60_000

let tally = await kept()
while (killsOf(tally) < killsInAll && performance.now() < until) {
  const seed = tally.seed + tally.rounds.length
  const kills = Math.min(killsPerRound, killsInAll - killsOf(tally))
  const counts = await round({ databaseUrl: process.env.DATABASE_URL!, seed, kills, orders })
  tally = { ...tally, rounds: [...tally.rounds, counts] }
  await keep(tally)
  console.error(`round of seed ${seed}: ${counts.kills} kills, ${counts.orders} orders, ${wrongIn(counts)} wrong`)
}

const names = Object.keys(tally.rounds[0] ?? {}) as (keyof Counts)[]
const sum = (name: keyof Counts) => tally.rounds.reduce((all, counts) => all + counts[name], 0)
const wrong = tally.rounds.reduce((all, counts) => all + wrongIn(counts), 0)
report(
  names.map((name) => {
    const told = { name, value: String(sum(name)) }
    return isWrong(name) ? { ...told, goal: '0', met: sum(name) === 0 } : told
  }),
  `kafka: ${sum('orders')} orders, ${killsOf(tally)} of ${killsInAll} kills, ${wrong} wrong (seed ${tally.seed})`,
)

async function kept(): Promise<Tally> {
  const fresh = { seed: Number(option('seed', String(Date.now() % 100_000))), rounds: [] }
  return file === '' ? fresh : JSON.parse(await readFile(file, 'utf8').catch(() => JSON.stringify(fresh)))
}

/** Whole or not at all: this may be killed too. */
async function keep(now: Tally): Promise<void> {
  if (file === '') return
  await writeFile(`${file}.new`, JSON.stringify(now))
  await rename(`${file}.new`, file)
}

function isWrong(name: string): boolean {
  return !['orders', 'kills', 'again', 'seconds'].includes(name)
}

function wrongIn(counts: Counts): number {
  return Object.entries(counts).reduce((all, [name, count]) => all + (isWrong(name) ? count : 0), 0)
}

function killsOf({ rounds }: Tally): number {
  return rounds.reduce((all, { kills }) => all + kills, 0)
}

function minutes(said: string): number {
  const [, count = '0', unit] = /^(\d+)([smh])$/.exec(said) ?? []
  return Number(count) * { s: 1 / 60, m: 1, h: 60 }[unit as 's' | 'm' | 'h']
}
