// Every projection and every consumer of the bank is made anew, again and again, while 200 requests a second go on: no request fails,
// and what is read afterwards is what the events say.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLandscape } from '@headwater/service/landscape'
import { bank } from '../../apps/bank/src/index.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { differing } from '../projections/checks.ts'
import { isStrange, Traffic } from '../projections/traffic.ts'
import { spendingThatDiffers, wrongNotifications } from './checks.ts'

const perSecond = Number(option('rate', '200'))
const rounds = Number(option('rounds', full ? '20' : '2'))
const before = Number(option('before', full ? '20000' : '2000'))
const seed = Number(option('seed', String(Date.now() % 100_000)))
const random = randomFrom(seed)

const directory = await mkdtemp(join(tmpdir(), 'headwater-rebuild-'))
const landscape = await startLandscape(
  bank.filter(({ name }) => name !== 'experiments'),
  { postgres: process.env.DATABASE_URL!, directory, lake: false, log: () => undefined },
)
const names = ['customers', 'accounts', 'payments', 'pots']
const scopes = [...names.flatMap((name) => [`${name}:read`, `${name}:write`]), 'payments:reverse', 'operate']
const token = await landscape.issuer.sign({ subject: 'guarantee', scopes })
const traffic = new Traffic({ url: landscape.url, token }, random)
while (traffic.asked.length < before) await Promise.all(Array.from({ length: 20 }, () => traffic.act()))
await landscape.settled()

/** As many requests as are due, whether or not the ones before were answered. */
let done = false
const broken: unknown[] = []
let sent = 0
const startedAt = performance.now()
const load = (async () => {
  const open = new Set<Promise<void>>()
  while (!done) {
    for (; sent < ((performance.now() - startedAt) / 1_000) * perSecond; sent++) {
      const one = traffic.act().catch((error: unknown) => void broken.push(error))
      open.add(one)
      void one.then(() => open.delete(one))
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(open)
})()

async function operate(path: string, body: object): Promise<any> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch(new URL(path, landscape.url), { method: 'POST', headers, body: JSON.stringify(body) })
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  return await answer.json()
}

let rebuilt = 0
let rewound = 0
for (let round = 0; round < rounds; round++) {
  for (const { service } of landscape.services.values()) {
    rebuilt += (await operate('/rebuild', { service: service.name })).rebuilt.length
    for (const { name, options } of service.consumers ?? []) {
      if (options.keeps !== undefined) continue
      await operate(`/rewinds/${service.name}/${name}`, { to: 'start' })
      rewound += 1
    }
  }
}
done = true
await load
const seconds = (performance.now() - startedAt) / 1_000
await landscape.settled()

const services = [...landscape.services.values()]
const spending = await spendingThatDiffers(landscape.services)
const notified = await wrongNotifications(landscape.services)
const unequal = await differing(services, () => 1 + Math.floor(random() * 500))
const strange = traffic.asked.filter(isStrange)
await landscape.stop()
await rm(directory, { recursive: true, force: true })

const zero = (wrong: number) => ({ value: String(wrong), goal: '0', met: wrong === 0 })
const rate = sent / seconds
report(
  [
    { name: `requests meanwhile (seed ${seed})`, value: `${sent} in ${seconds.toFixed(1)} s` },
    { name: 'requests a second', value: rate.toFixed(0), goal: `≥ ${perSecond * 0.95}`, met: rate >= perSecond * 0.95 },
    { name: 'projections and tables made anew', value: String(rebuilt) },
    { name: 'consumers rewound to the start', value: String(rewound) },
    { name: 'requests that failed', ...zero(strange.length + broken.length) },
    { name: 'projections that differ when made anew at rest', ...zero(unequal.length) },
    { name: 'rows of spending that the events do not give', ...zero(spending) },
    { name: 'arrivals of money told of not exactly once', ...zero(notified) },
  ],
  `${rebuilt} rebuilds and ${rewound} rewinds during ${sent} requests: ${strange.length + broken.length} failed, ${unequal.length + spending + notified} wrong`,
)
if (strange.length > 0) console.error(JSON.stringify(strange[0]))
if (broken.length > 0) console.error(broken[0])
if (unequal.length > 0) console.error(unequal.join(', '))
