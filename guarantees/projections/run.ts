// Random requests of many callers at once over HTTP, then: the ledger is balanced, nobody is or ever was overdrawn, every projection
// dropped and made anew equals the one that was kept, every accepted and every refused request is found whole.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLandscape } from '@headwater/service/landscape'
import { bank } from '../../apps/bank/src/index.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { differing, missingRequests, overdrawn, rowsOf } from './checks.ts'
import { isStrange, Traffic } from './traffic.ts'

const total = Number(option('requests', full ? '100000' : '10000'))
const callers = 50
const seed = Number(option('seed', String(Date.now() % 100_000)))
const random = randomFrom(seed)

const directory = await mkdtemp(join(tmpdir(), 'headwater-projections-'))
const landscape = await startLandscape(
  bank.filter(({ name }) => name !== 'experiments'),
  { postgres: process.env.DATABASE_URL!, directory, lake: false, log: () => undefined },
)
const scopes = ['customers', 'accounts', 'payments', 'pots'].flatMap((name) => [`${name}:read`, `${name}:write`])
const token = await landscape.issuer.sign({ subject: 'guarantee', scopes: [...scopes, 'payments:reverse'] })
const traffic = new Traffic({ url: landscape.url, token }, random)
const { asked } = traffic
const startedAt = performance.now()
await Promise.all(
  Array.from({ length: callers }, async () => {
    while (asked.length < total) await traffic.act()
  }),
)
const seconds = (performance.now() - startedAt) / 1_000
await landscape.settled()

const ledger = landscape.services.get('payments')!
const balances = (await rowsOf(ledger, 'balances')).map(([, value]) => Number(value))
const sum = balances.reduce((all, one) => all + one, 0)
const beyond = await overdrawn(ledger)
const unequal = await differing(landscape.services.values(), () => 1 + Math.floor(random() * 500))
const refused = asked.filter(({ status }) => status === 409).length
const missing = await missingRequests(landscape.services, asked, 'guarantee')
const strange = asked.filter(isStrange)
await landscape.stop()
await rm(directory, { recursive: true, force: true })

const zero = (wrong: number) => ({ value: String(wrong), goal: '0', met: wrong === 0 })
report(
  [
    { name: `requests of ${callers} callers (seed ${seed})`, value: `${asked.length} in ${seconds.toFixed(1)} s` },
    { name: 'of these refused by the domain', value: String(refused) },
    { name: 'sum over all accounts, minor units', ...zero(sum) },
    { name: 'times an account was overdrawn beyond its limit', ...zero(beyond) },
    { name: 'projections that differ when made anew', ...zero(unequal.length) },
    { name: 'requests not found whole', ...zero(missing.length) },
    { name: 'answers nobody should get', ...zero(strange.length) },
  ],
  `${asked.length} requests: ledger ${sum === 0 ? 'balanced' : `off by ${sum}`}, ${unequal.length} projections differ, ${missing.length} requests missing`,
)
if (strange.length > 0) console.error(JSON.stringify(strange[0]))
if (missing.length > 0) console.error(JSON.stringify(missing[0]))
