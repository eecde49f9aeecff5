// The same question at the same positions gives the same bytes: from events as they come in any batches, from SQL, from the lake's files, from a dossier's sums alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isSealed } from '@headwater/experiment'
import { accumulate, conclude, decide, type Observed, observe } from '@headwater/experiment/analysis'
import { openLake } from '@headwater/lake'
import { queryOf, recompute } from '../../apps/experiments/src/index.ts'
import { keptSums } from '../../apps/experiments/src/kept-sums.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { eventsTable, type TableEvent } from '../../packages/experiment/test/events-table.ts'
import { everything } from '../../packages/experiment/test/everything.ts'
import { timeAt } from '../../packages/experiment/src/moment.ts'
import { historyOf } from './history.ts'

const [histories, onTheLake, size] = full ? [200, 40, 4000] : [20, 4, 1000]
const seed = Number(option('seed', '1'))

type Logs = Readonly<Record<string, readonly TableEvent[]>>

/** Pages of a size, one log after the other or in turns; `looking`: observed after each round, as a worker does. */
function asTheyCome(logs: Logs, batch: number, looking: boolean): Observed {
  const sums = accumulate(everything, Object.keys(logs))
  const longest = Math.max(...Object.values(logs).map(({ length }) => length))
  for (let from = 0; from < longest; from += batch) {
    for (const [service, log] of Object.entries(logs)) {
      const events = log.slice(from, from + batch).map((event) => ({
        ...event,
        stream: event.stream!,
        causationId: event.causationId!,
        recordedAt: timeAt(event.time),
      }))
      if (events.length > 0) sums.take({ service, to: events.at(-1)!.position, events })
    }
    if (looking) sums.observe()
  }
  return sums.observe()
}

async function bySql(logs: Logs): Promise<Observed> {
  const table = await eventsTable(Object.values(logs).flat())
  const observed = await observe(everything, table)
  table.close()
  return observed
}

/** As the service keeps them: looked at after a third of each log, after two, and at the end. */
async function keptBetween(logs: Logs, at: Observed['at']): Promise<Observed> {
  const { query, close } = await eventsTable(Object.values(logs).flat())
  const sums = keptSums(everything, query)
  for (const part of [1 / 3, 2 / 3]) {
    const places = Object.entries(logs).map(([service, log]) => [service, log[Math.floor(log.length * part)]!] as const)
    const time = timeAt(Math.min(...places.map(([, event]) => event.time)))
    await sums.look({
      positions: Object.fromEntries(places.map(([service, { position }]) => [service, position])),
      time,
    })
  }
  const last = await sums.look(at)
  close()
  return last
}

/** Landed page by page, sealed into Parquet, asked through the gate. The second answer is asked at the first one's positions, after more has landed. */
async function byLake(logs: Logs): Promise<readonly [now: Observed, later: Observed, newer: Observed]> {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-reproducible-'))
  const lake = await openLake({ directory, seal: { events: 300 } })
  const query = queryOf(() => lake)
  try {
    for (const [service, log] of Object.entries(logs)) await land(lake, service, log)
    const now = await observe(everything, { query })
    const more = Object.entries(historyOf(seed + 99, 300)).map(
      ([service, log]) =>
        [
          service,
          log.map((event) => ({
            ...event,
            position: event.position + size,
            id: `more-${event.id}`,
            time: event.time + 86_400_000_000,
          })),
        ] as const,
    )
    for (const [service, log] of more) await land(lake, service, log)
    return [now, await observe(everything, { query, at: now.at }), await observe(everything, { query })]
  } finally {
    await lake.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function land(
  lake: Awaited<ReturnType<typeof openLake>>,
  service: string,
  log: readonly TableEvent[],
): Promise<void> {
  for (let from = 0; from < log.length; from += 250) {
    const events = log.slice(from, from + 250).map((event) => {
      const { position, type, data } = event
      const time = timeAt(event.time)
      const envelope = {
        position,
        id: event.id!,
        type,
        stream: event.stream!,
        streamVersion: position,
        schemaVersion: 1,
        occurredAt: time,
        recordedAt: time,
        correlationId: event.causationId!,
        causationId: event.causationId!,
      }
      const text = JSON.stringify({
        specversion: '1.0',
        id: envelope.id,
        type,
        subject: envelope.stream,
        position,
        data,
      })
      return { ...envelope, data, text }
    })
    await lake.land(
      { log: `log-${service}`, from: events[0]!.position, to: events.at(-1)!.position, events, atEnd: true },
      { service },
    )
  }
}

const differences: Record<string, number> = {
  'batches of 1, observed after each': 0,
  'batches of 7': 0,
  'one batch': 0,
  'kept between three looks': 0,
  'a dossier recomputed from its sums': 0,
  'the lake': 0,
  'the lake at older positions': 0,
}
let counted = 0
/** Histories whose sums are others after more has landed: only there does an answer at older positions say anything. */
let wentOn = 0
for (let i = 0; i < histories; i++) {
  const logs = historyOf(seed * 1000 + i, size)
  const observed = await bySql(logs)
  const expected = JSON.stringify(observed)
  counted += observed.metrics.reduce(
    (sum, { variants }) => sum + Object.values(variants).reduce((units, one) => units + Number(one.sums?.n ?? 0), 0),
    0,
  )
  const say = (way: string, got: unknown, wanted = expected) => {
    if (JSON.stringify(got) !== wanted) differences[way]!++
  }
  say('batches of 1, observed after each', asTheyCome(logs, 1, true))
  say('batches of 7', asTheyCome(logs, 7, false))
  say('one batch', asTheyCome(logs, size, true))
  say('kept between three looks', await keptBetween(logs, observed.at))
  const results = conclude(everything, observed)
  const dossier = JSON.parse(JSON.stringify({ experiment: everything, observed }))
  if (!isSealed(dossier.experiment)) differences['a dossier recomputed from its sums']!++
  say(
    'a dossier recomputed from its sums',
    recompute(dossier),
    JSON.stringify({ results, decision: decide(everything, results) }),
  )
  if (i >= onTheLake) continue
  const [now, later, newer] = await byLake(logs)
  if (JSON.stringify(newer.metrics) !== JSON.stringify(now.metrics)) wentOn++
  say('the lake', now)
  say('the lake at older positions', later)
}

report(
  [
    { name: 'units entered into sums', value: String(counted), goal: '> 0', met: counted > 0 },
    {
      name: 'sums that changed as more landed',
      value: `${wentOn} of ${onTheLake}`,
      goal: '> 0',
      met: wentOn > 0,
    },
    ...Object.entries(differences).map(([name, count]) => ({
      name,
      value: `${count} of ${name.startsWith('the lake') ? onTheLake : histories} differ`,
      goal: '0',
      met: count === 0,
    })),
  ],
  `${Object.values(differences).reduce((a, b) => a + b)} differences over ${histories} histories of ${2 * size} events, ${everything.secondary.length + 2} metrics`,
)
