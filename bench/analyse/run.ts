// From stored events to a decision: by SQL over all of history, and kept up as events come. Peer: the textbook query in doubles; limit: reading the outcomes once.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { accumulate, analyse, conclude, decide } from '@headwater/experiment/analysis'
import { report } from '../harness/report.ts'
import { history, roundUps } from './history.ts'

const { values: args } = parseArgs({
  options: { json: { type: 'boolean' }, full: { type: 'boolean' }, events: { type: 'string' } },
})
const total = Number(args.events ?? (args.full === true ? 40_000_000 : 1_000_000))
/** Events of a segment: what the lake joins, and what fits in memory to be sorted. */
const SEGMENT = 2_000_000
const directory = mkdtempSync(join(tmpdir(), 'headwater-analyse-'))
const instance = await DuckDBInstance.create(':memory:', { temp_directory: directory, memory_limit: '4GB' })
const connection = await instance.connect()
const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS() as never
const { page, sql } = history(total)

async function timed<T>(work: () => Promise<T> | T): Promise<[value: T, ms: number]> {
  const from = process.hrtime.bigint()
  const value = await work()
  return [value, Number(process.hrtime.bigint() - from) / 1e6]
}

/** Milliseconds of processor time: this program's own work is on one thread, and the machine may be shared. */
function worked<T>(work: () => T): [value: T, ms: number] {
  const from = process.cpuUsage()
  const value = work()
  const { user, system } = process.cpuUsage(from)
  return [value, (user + system) / 1000]
}

/** The whole way by SQL, beside what others ask of the same rows, and beside reading them. */
async function bySql() {
  // As the lake keeps it: segments in Parquet, each sorted by type.
  for (let from = 0; from < total; from += SEGMENT)
    await connection.run(
      `copy (select * from (${sql(from, Math.min(total, from + SEGMENT))}) order by type, position) to '${directory}/${from}.parquet' (format parquet, row_group_size 500000)`,
    )
  await connection.run(`create view events as select * from read_parquet('${directory}/*.parquet')`)
  const [results, ours] = await timed(() => analyse(roundUps, { query }))
  const exposed = `select json_extract_string(data, '$.unit') as unit, any_value(json_extract_string(data, '$.variant')) as variant, min(recorded_at) as since from events where type = 'ExperimentExposed' group by 1`
  const outcome = (
    type: string,
    value: string,
  ) => `select variant, count(*), avg(x), var_samp(x) from (select u.unit, u.variant, coalesce(sum(o.x), 0) as x from (${exposed}) u
    left join (select json_extract_string(data, '$.customerId') as unit, ${value} as x, recorded_at from events where type = '${type}') o
      on o.unit = u.unit and o.recorded_at between u.since and u.since + interval 7 day group by all) group by variant`
  const [, peer] = await timed(async () => {
    await query(outcome('Saved', `json_extract_string(data, '$.amountMinor')::double`))
    await query(outcome('Saved', '1'))
    await query(outcome('Visited', '1'))
  })
  const [, limit] = await timed(() =>
    query(
      `select sum(json_extract_string(data, '$.amountMinor')::bigint), count(json_extract_string(data, '$.unit')) from events`,
    ),
  )
  return { results, ours, peer, limit }
}

/** Pages as they come, a look every hundredth of the way; what the early and the late looks cost. */
function asTheyCome() {
  const sums = accumulate(roundUps, ['pots'])
  const looks: number[] = []
  const size = Math.ceil(total / 100)
  let busy = 0
  for (let from = 0; from < total; from += size) {
    const to = Math.min(total, from + size)
    for (let at = from; at < to; at += 10_000) {
      const events = [...page(at, Math.min(to, at + 10_000))]
      busy += worked(() => sums.take({ service: 'pots', to: events.at(-1)!.position, events }))[1]
    }
    // What was taken is settled by the first look; the second is one more look, and costs what a look costs.
    const [, settled] = worked(() => sums.observe())
    const [, look] = worked(() => decide(roundUps, conclude(roundUps, sums.observe())))
    busy += settled + look
    looks.push(look)
  }
  return { observed: sums.observe(), perSecond: total / (busy / 1000), looks }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const sqlWay = await bySql()
const foldWay = asTheyCome()
connection.closeSync()
instance.closeSync()
rmSync(directory, { recursive: true })

const decision = decide(roundUps, sqlWay.results)
const same = JSON.stringify(sqlWay.results.observed) === JSON.stringify(foldWay.observed)
// Early looks also warm the machine up: they are taken from the second tenth.
const [early, late] = [median(foldWay.looks.slice(10, 30)), median(foldWay.looks.slice(-20))]
const rate = (ms: number) => `${Math.round(ms)} ms, ${Math.round(total / ms)} k events/s`
report(
  [
    { name: 'SQL over all of history, exact', value: rate(sqlWay.ours) },
    { name: 'peer: textbook query in doubles', value: rate(sqlWay.peer) },
    { name: 'limit: reading every event once', value: rate(sqlWay.limit) },
    {
      name: 'as events come',
      value: rate((1000 * total) / foldWay.perSecond),
      goal: '≥ 20 k events/s',
      met: foldWay.perSecond >= 20_000,
    },
    { name: 'one more look, early', value: `${early.toFixed(2)} ms` },
    { name: 'one more look, at the end', value: `${late.toFixed(2)} ms`, goal: 'as early', met: late <= 2 * early + 1 },
    { name: 'same bytes both ways', value: String(same), goal: 'true', met: same },
    { name: 'decision', value: decision.kind, goal: 'keep', met: decision.kind === 'keep' },
  ],
  `${decision.kind} (${decision.because}) after ${total} events: ${Math.round(foldWay.perSecond / 1000)} k events/s as they come, ${(sqlWay.ours / sqlWay.peer).toFixed(2)} × the textbook query's time by SQL`,
)
