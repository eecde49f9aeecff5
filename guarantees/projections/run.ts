// Random requests of many callers at once over HTTP, then: the ledger is balanced, nobody is or ever was overdrawn, every projection
// dropped and made anew equals the one that was kept, every accepted and every refused request is found whole.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rebuild } from '@headwater/event-store'
import { startLandscape } from '@headwater/service/landscape'
import { bank } from '../../apps/bank/src/index.ts'
import { randomFrom } from '../../bench/harness/random.ts'
import { full, option, report } from '../../bench/harness/report.ts'
import { type Asked, ask, idOf } from './caller.ts'
import { missingRequests, overdrawn, rowsOf } from './checks.ts'

const total = Number(option('requests', full ? '100000' : '10000'))
const callers = 50
const seed = Number(option('seed', String(Date.now() % 100_000)))
const random = randomFrom(seed)
const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!

const directory = await mkdtemp(join(tmpdir(), 'headwater-projections-'))
const landscape = await startLandscape(
  bank.filter(({ name }) => name !== 'experiments'),
  { postgres: process.env.DATABASE_URL!, directory, lake: false, log: () => undefined },
)
const scopes = ['customers', 'accounts', 'payments', 'pots'].flatMap((name) => [`${name}:read`, `${name}:write`])
const token = await landscape.issuer.sign({ subject: 'guarantee', scopes: [...scopes, 'payments:reverse'] })
const at = { url: landscape.url, token }

const asked: Asked[] = []
const accounts: string[] = []
const payments: string[] = []
const startedAt = performance.now()

/** One random request; what it made may be used by the next. */
async function act(): Promise<void> {
  const chance = random()
  if (accounts.length < 40 || chance < 0.02) {
    const said = { name: 'Ada', email: 'ada@example.org', address: 'Here 1' }
    const customer = await kept(ask(at, '/customers/customers', 'register', said))
    const opening = {
      customerId: idOf(customer),
      name: 'Everyday',
      overdraftMinor: pick([0, 0, 5_000]),
      initialDepositMinor: pick([0, 20_000, 2_000_000]),
    }
    const account = await kept(ask(at, '/accounts/accounts', 'open', opening))
    accounts.push(idOf(account))
  } else if (chance < 0.15) {
    await kept(
      ask(at, '/payments/payments/deposit', 'deposit', {
        toAccountId: pick(accounts),
        amountMinor: 1 + Math.floor(random() * 20_000),
        reference: '',
      }),
    )
  } else if (chance < 0.2 && payments.length > 0) {
    await kept(ask(at, `/payments/payments/${pick(payments)}/reverse`, 'reverse', { reason: 'by mistake' }))
  } else if (chance < 0.22) {
    await kept(ask(at, `/accounts/accounts/${pick(accounts)}/close`, 'close', { reason: 'enough' }))
  } else {
    const transfer = {
      fromAccountId: pick(accounts),
      toAccountId: pick(accounts),
      amountMinor: 1 + Math.floor(random() * 30_000),
      reference: 'r',
    }
    const payment = await kept(ask(at, '/payments/payments', 'transfer', transfer))
    if (payment._links !== undefined) payments.push(idOf(payment))
  }
}

async function kept(sent: ReturnType<typeof ask>): Promise<any> {
  const { document, ...said } = await sent
  asked.push(said)
  return document
}

await Promise.all(
  Array.from({ length: callers }, async () => {
    while (asked.length < total) await act()
  }),
)
const seconds = (performance.now() - startedAt) / 1_000
await landscape.settled()

const ledger = landscape.services.get('payments')!
const balances = (await rowsOf(ledger, 'balances')).map(([, value]) => Number(value))
const sum = balances.reduce((all, one) => all + one, 0)
const beyond = await overdrawn(ledger)
const unequal: string[] = []
for (const running of landscape.services.values()) {
  for (const projection of running.service.projections ?? []) {
    const live = await rowsOf(running, projection.name)
    await rebuild(running.store, projection, { batchEvents: 1 + Math.floor(random() * 500) })
    const anew = await rowsOf(running, projection.name)
    if (JSON.stringify(live) !== JSON.stringify(anew)) unequal.push(`${running.service.name}/${projection.name}`)
  }
}
const refused = asked.filter(({ status }) => status === 409).length
const missing = await missingRequests(landscape.services, asked, 'guarantee')
const strange = asked.filter(({ status }) => ![200, 201, 404, 409].includes(status))
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
