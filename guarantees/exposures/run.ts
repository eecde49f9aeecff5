// Recorded exposures equal recomputed ones while services, consumers and the experiments service are killed at random; planted faults are all found, none invented.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Experiment } from '@headwater/experiment'
import { type Ledger, ledger } from '@headwater/experiment/analysis'
import { startLandscape } from '@headwater/service/landscape'
import pg from 'pg'
import { freePort } from '../../bench/harness/port.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { eventsTable } from '../../packages/experiment/test/events-table.ts'
import { Crew, type Member, members } from './crew.ts'
import { type Logs, readLogs } from './logs.ts'
import { kinds, plant } from './plant.ts'
import { gifts, roundUps } from './services.ts'

const seconds = Number(option('for', full ? '600s' : '40s').replace(/s$/, ''))
const random = randomFrom(Number(option('seed', '1')))
const postgres = process.env.DATABASE_URL!
const directory = mkdtempSync(join(tmpdir(), 'headwater-exposures-'))
const name = `exp${process.pid}`
const ports = Object.fromEntries(
  await Promise.all(members.map(async (member) => [member, await freePort()])),
) as Record<Member, number>
const crew = new Crew({ directory, name, postgres, ports })
/** A process answers within this, or is dead: longer, no request keeps the allocation it began with. */
const inFlight = '8s'
const until = Date.now() + seconds * 1000

const key = await startLandscape([], { postgres, name, directory, lake: false, log: () => {} })
const token = () =>
  key.issuer.sign({
    subject: 'ada',
    scopes: ['pots:write', 'pots:read', 'experiments:read', 'experiments:decide', 'events:read'],
  })

/** Sends until it is answered; the key makes the repeat the same request. */
async function send(member: Member, path: string, body: unknown, idempotencyKey: string): Promise<number> {
  for (;;) {
    const headers = {
      authorization: `Bearer ${await token()}`,
      'content-type': 'application/json',
      'idempotency-key': idempotencyKey,
    }
    const response = await fetch(new URL(path, crew.urlOf(member)), {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    }).catch(() => undefined)
    await response?.arrayBuffer().catch(() => undefined)
    if (response !== undefined && response.status < 500 && response.status !== 404) return response.status
    await pause(50)
  }
}
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

let acknowledged = 0
let over = false
async function customers(worker: number): Promise<void> {
  for (let n = 0; !over; n++) {
    const customerId = `c${Math.floor(random() * 5_000)}`
    const status = await send(
      'pots',
      `/pots/pots/p${Math.floor(random() * 500)}/save`,
      { customerId, amountMinor: 1 + Math.floor(random() * 999) },
      `${worker}-${n}`,
    )
    if (status >= 400) throw new Error(`A saving was answered with ${status}.`)
    acknowledged++
  }
}

/** Kills one at a time, widens coverage now and then: adoption happens in the midst of it all. */
async function trouble(): Promise<void> {
  const began = Date.now()
  let widened = 0
  while (Date.now() < until || members.some((member) => crew.kills[member] === 0)) {
    await pause(300 + random() * 1_500)
    // Whoever was spared longest is as likely as the other two together.
    const spared = members.toSorted((a, b) => crew.kills[a] - crew.kills[b])
    await crew.kill(random() < 0.5 ? spared[0]! : spared[1 + Math.floor(random() * 2)]!)
    const due = Math.min(3, Math.floor(((Date.now() - began) / (seconds * 600)) * 3))
    for (; widened < due; widened++) {
      for (const experiment of [roundUps, gifts])
        await send(
          'experiments',
          `/experiments/experiments/${experiment.name}/cover`,
          { percent: 50 + widened * 10 },
          `cover-${widened}-${experiment.name}`,
        )
    }
  }
}

/** A stretch without trouble, long enough to plant faults in that nothing else explains. */
async function calm(): Promise<void> {
  await pause(Number.parseInt(inFlight, 10) * 1000)
  const before = acknowledged
  while (acknowledged < before + 400) await pause(200)
}

/** Until the consumer has handled every saving, nothing is complete. */
async function settled(): Promise<Logs> {
  for (;;) {
    const logs = await readLogs(postgres, name)
    const [saved, granted] = [
      logs.filter(({ type }) => type === 'Saved').length,
      logs.filter(({ type }) => type === 'GiftGranted').length,
    ]
    if (granted >= saved) return logs
    await pause(500)
  }
}

async function ledgers(logs: Logs): Promise<Record<string, Ledger>> {
  const table = await eventsTable(logs)
  const of = async (experiment: Experiment<any>) =>
    [experiment.name, await ledger(experiment, { query: table.query, inFlight })] as const
  const found = Object.fromEntries([await of(roundUps), await of(gifts)])
  table.close()
  return found
}

await Promise.all(members.map((member) => crew.start(member)))
const buying = Promise.all(Array.from({ length: 6 }, (_, worker) => customers(worker)))
await trouble()
await calm()
over = true
await buying
const logs = await settled()
crew.stop()
await key.stop()
const found = await ledgers(logs)
const { planted, faulty } = plant(logs, 20, random, inFlight)
const after = await ledgers(faulty)
rmSync(directory, { recursive: true, force: true })
await drop()

async function drop(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres })
  await client.connect()
  for (const member of members) {
    await client.query(`drop database if exists "${name}_${member}" with (force)`)
    await client.query(`drop role if exists "${name}_${member}"`)
  }
  await client.end()
}

const foundKeys = new Set(
  Object.values(after).flatMap(({ faults }) => faults.map(({ kind, event }) => `${kind} ${event}`)),
)
const missed = planted.filter((fault) => !foundKeys.has(fault)).length
const invented = [...foundKeys].filter((fault) => !planted.includes(fault)).length
const all = Object.values(found)
const unexplained = all.flatMap(({ faults }) => faults)
for (const fault of unexplained.slice(0, 5)) console.error(fault)
const countOf = (wanted: string) => logs.filter(({ type }) => type === wanted).length
const adoptions = countOf('AllocationAdopted')
report(
  [
    {
      name: 'kills',
      value: members.map((member) => `${member} ${crew.kills[member]}`).join(', '),
      goal: '> 0 each',
      met: members.every((member) => crew.kills[member] > 0),
    },
    {
      name: 'requests acknowledged',
      value: String(acknowledged),
      goal: 'all in the log',
      met: acknowledged === countOf('Saved'),
    },
    { name: 'allocations adopted', value: String(adoptions), goal: '> 2', met: adoptions > 2 },
    {
      name: 'exposures',
      value: Object.entries(found)
        .map(([experiment, { exposures }]) => `${experiment} ${exposures}`)
        .join(', '),
      goal: '> 0 each',
      met: all.every(({ exposures }) => exposures > 0),
    },
    {
      name: 'acts that the ledger judged',
      value: Object.entries(found)
        .map(([experiment, { requests }]) => `${experiment} ${requests}`)
        .join(', '),
      goal: 'all that ask',
      met:
        found[roundUps.name]!.requests === countOf('Saved') && found[gifts.name]!.requests === countOf('GiftGranted'),
    },
    { name: 'differences in flight', value: String(all.reduce((sum, one) => sum + one.inFlight, 0)) },
    { name: 'unexplained', value: String(unexplained.length), goal: '0', met: unexplained.length === 0 },
    {
      name: `planted (20 of each of ${kinds.length} kinds)`,
      value: `${planted.length - missed} found, ${missed} missed, ${invented} invented`,
      goal: 'all, none',
      met: missed === 0 && invented === 0,
    },
  ],
  `${unexplained.length} unexplained of ${all.reduce((sum, { exposures }) => sum + exposures, 0)} exposures over ${members.reduce((sum, member) => sum + crew.kills[member], 0)} kills`,
)
process.exit()
