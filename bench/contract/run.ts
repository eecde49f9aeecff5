// What `contract check --history` does to each stored event: parse, upcast, validate, map. Limit: JSON.parse alone; peer: ajv, compiled, on the same data.
import { contractOf, events, jsonSchemaOf } from '@headwater/contract'
import { rerun } from '@headwater/contract/compare'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { z } from 'zod'
import { full, report } from '../harness/report.ts'

const goalPerSecond = 300_000
const count = full ? 1_000_000 : 200_000
const rounds = 5

const entry = z.object({
  accountId: z.string(),
  customerId: z.string(),
  paymentId: z.string(),
  amountMinor: z.int(),
  currency: z.enum(['EUR', 'USD']),
  reference: z.string().max(140),
  tags: z.array(z.string()),
})
const { currency: _, ...before } = entry.shape
/** New fields first: V8 copies an object and then adds to it three times slower than the other way round. */
const lift = (data: object) => ({ currency: 'EUR', ...data })
const payments = events('payments', {
  Debited: { data: entry, level: 'published', version: 2, upcast: { 1: lift } },
})
const contract = contractOf(payments)
const texts = Array.from({ length: count }, (_, index) =>
  JSON.stringify({
    accountId: `account-${index % 1_000}`,
    customerId: `customer-${index % 900}`,
    paymentId: `payment-${index}`,
    amountMinor: index % 100_000,
    reference: 'x'.repeat(index % 100),
    tags: ['card', 'abroad'],
  }),
)
if (!z.object(before).safeParse(JSON.parse(texts[0]!)).success) throw new Error('Expected events of version 1.')

const programs: Record<string, () => void> = {
  ours() {
    const run = rerun(contract)
    for (let i = 0; i < count; i++)
      run.take({ position: i + 1, type: 'Debited', schemaVersion: 1, data: JSON.parse(texts[i]!) })
    if (run.findings().length > 0 || run.events !== count) throw new Error(JSON.stringify(run.findings()))
  },
  ajv() {
    for (const text of texts) if (!valid(lift(JSON.parse(text)))) throw new Error(text)
  },
  parse() {
    for (const text of texts) if (JSON.parse(text) === null) throw new Error(text)
  },
}
const valid = new Ajv2020({ strict: false }).compile(jsonSchemaOf(entry))

/** Events a second of processor time, the best of several rounds, the programs taking turns: others may use the machine too. */
const best: Record<string, number> = {}
for (let round = 0; round < rounds; round++) {
  for (const [name, program] of Object.entries(programs)) {
    const began = process.cpuUsage()
    program()
    const { user, system } = process.cpuUsage(began)
    best[name] = Math.max(best[name] ?? 0, count / ((user + system) / 1e6))
  }
}
const rate = (name: string) => `${Math.round(best[name]! / 1_000)} k/s`
report(
  [
    {
      name: 'parse, upcast, validate, map',
      value: rate('ours'),
      goal: `≥ ${goalPerSecond / 1_000} k/s`,
      met: best.ours! >= goalPerSecond,
    },
    { name: 'peer: parse, ajv compiled', value: rate('ajv') },
    { name: 'limit: parse alone', value: rate('parse') },
  ],
  `${rate('ours')} events of a core through a contract, ${(best.ours! / best.ajv!).toFixed(2)} × ajv compiled`,
)
