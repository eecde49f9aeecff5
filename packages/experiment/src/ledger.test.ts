import { events } from '@headwater/contract'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { eventsTable, type TableEvent } from '../test/events-table.ts'
import { exposure } from './exposure.ts'
import { adoption, type Allocation, allocationOf, assign, count, experiment, variantReader } from './index.ts'
import { type FaultKind, ledger } from './ledger.ts'

const facts = events('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up makes customers save more.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  coverage: 60,
  primary: count(facts.Saved, { within: '28d' }),
  decide: { after: '14d', by: '2027-02-01' },
})
const [first, wider, decided] = [
  allocationOf(roundUps, { version: 1 }),
  allocationOf(roundUps, { version: 2, coverage: 90 }),
  allocationOf(roundUps, { version: 3, everybody: 'rounded' }),
]

/** A log written as a service writes it: what belongs to one append has one time and one cause. */
function log() {
  const written: TableEvent[] = []
  let time = 1_800_000_000_000_000
  const append = (
    cause: string,
    parts: readonly (Pick<TableEvent, 'type' | 'data'> & { stream?: string; id?: string })[],
    afterMicros = 1_000_000,
  ) => {
    time += afterMicros
    for (const part of parts)
      written.push({ service: 'pots', position: written.length + 1, time, causationId: cause, ...part })
  }
  return { written, append }
}
type Log = ReturnType<typeof log>

const adopt = ({ append }: Log, allocation: Allocation) =>
  append(
    'experiments',
    adoption('pots', allocation).events.map((event) => ({ ...event })),
  )
const exposed = (unit: string, request: string, allocation: Allocation, variant = assign(allocation, unit).variant) => {
  const { stream, events: made } = exposure(allocation, { unit, variant, request })
  return { stream, ...made[0]! }
}
const request = (id: string, refused?: string) => ({
  type: 'RequestReceived',
  id,
  data: { target: 'pot/p', action: 'save', ...(refused && { refused }) },
})

/** A right act under an allocation, or one with a fault in it. */
function act(to: Log, n: number, allocation: Allocation, fault?: FaultKind | 'refused', id = `r${n}`): void {
  const customerId = `c${n}`
  const { takesPart, variant } = assign(allocation, customerId)
  const saved = { type: 'Saved', stream: `pot-${n}`, data: { customerId } }
  const whole = takesPart ? [exposed(customerId, id, allocation)] : []
  if (fault === 'refused') to.append(id, [request(id, 'closed')])
  else if (fault === 'missing') to.append(id, [request(id), saved])
  else if (fault === 'doubled')
    to.append(id, [request(id), saved, ...whole, { ...exposed(customerId, id, allocation), id: `again-${n}` }])
  else if (fault === 'wrong-variant')
    to.append(id, [request(id), saved, exposed(customerId, id, allocation, variant === 'plain' ? 'rounded' : 'plain')])
  else if (fault === 'out-of-order') {
    to.append(id, [request(id), saved])
    to.append(id, [exposed(customerId, id, allocation)])
  } else to.append(id, [request(id), saved, ...whole])
}
const takingPart = (allocation: Allocation) =>
  Array.from({ length: 3000 }, (_, n) => n).filter((n) => assign(allocation, `c${n}`).takesPart)

/** By a lake whose answers hold so many rows at most. */
async function ledgerOf({ written }: Log, most = 10_000) {
  const table = await eventsTable(written)
  const found = await ledger(roundUps, { query: async (sql) => (await table.query(sql)).slice(0, most) })
  table.close()
  return found
}

it('finds nothing in a log that is right, over all its allocations, whoever does not take part', async () => {
  const to = log()
  for (let n = 0; n < 30; n++) act(to, n, { ...first, coverage: 0 })
  for (const allocation of [first, wider]) {
    adopt(to, allocation)
    for (let n = 0; n < 120; n++)
      act(to, n + allocation.version * 1000, allocation, n % 10 === 0 ? 'refused' : undefined)
  }
  adopt(to, decided)
  for (let n = 4000; n < 4060; n++) act(to, n, decided)
  const { faults, exposures, requests, refused } = await ledgerOf(to)
  expect(faults).toEqual([])
  expect(exposures).toBeGreaterThan(120)
  expect([requests, refused]).toEqual([330, 24])
})

it('finds every planted fault, by its kind and event, and invents none', async () => {
  const kinds: FaultKind[] = ['missing', 'doubled', 'wrong-variant', 'out-of-order']
  const units = takingPart(first)
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(units.slice(0, 300), { minLength: 80, maxLength: 80 }), async (chosen) => {
      const to = log()
      adopt(to, first)
      to.append('later', [{ type: 'Saved', data: { customerId: 'nobody' } }], 60_000_000)
      const planted = new Map(chosen.map((n, i) => [n, kinds[i % 4]!]))
      for (const n of units.slice(0, 300)) act(to, n, first, planted.get(n))
      const { faults } = await ledgerOf(to)
      const found = faults.map(({ kind, unit }) => `${unit} ${kind}`).sort()
      expect(found).toEqual([...planted].map(([n, kind]) => `c${n} ${kind}`).sort())
    }),
    { numRuns: 3, endOnFailure: true },
  )
})

it('counts every exposure and every request, however many', async () => {
  const to = log()
  adopt(to, first)
  to.append('later', [{ type: 'Saved', data: { customerId: 'nobody' } }], 60_000_000)
  const [units, each] = [takingPart(first), 14]
  for (const n of units.slice(0, 1000)) for (let i = 0; i < each; i++) act(to, n, first, undefined, `r${n}-${i}`)
  const lost = units.slice(1000, 1007)
  for (let i = 0; i < each; i++) for (const n of lost) act(to, n, first, 'missing', `r${n}-${i}`)
  for (let n = 0; n < 11_000; n++) act(to, n, first, 'refused', `refused-${n}`)
  const { exposures, requests, refused, faults } = await ledgerOf(to)
  expect([exposures, requests, refused, faults.length]).toEqual([14_000, 25_098, 11_000, 98])
})

it('misses no exposure that was withheld in silence, and every other', async () => {
  const to = log()
  adopt(to, first)
  to.append('later', [{ type: 'Saved', data: { customerId: 'nobody' } }], 60_000_000)
  const [one, two, three] = takingPart(first)
  act(to, one!, first)
  const reader = variantReader(new Map([['round-ups', { ...first, silent: true as const }]]), { request: `r${two}` })
  expect(reader.variant(roundUps, `c${two}`)).toBe('plain')
  const [said] = reader.exposures()
  const saved = { type: 'Saved', stream: 'pot-2', data: { customerId: `c${two}` } }
  to.append(`r${two}`, [request(`r${two}`), saved, { stream: said!.stream, ...said!.events[0]! }])
  act(to, three!, first, 'missing')
  const { faults, silent, exposures } = await ledgerOf(to)
  expect([exposures, silent, faults.map(({ kind, unit }) => `${unit} ${kind}`)]).toEqual([1, 1, [`c${three} missing`]])
})

it('lets a request on its way keep the allocation it began with, and nobody else', async () => {
  const to = log()
  adopt(to, first)
  const [early, late] = takingPart(first)
  act(to, 2999, { ...first, coverage: 100 })
  to.append('x', [{ type: 'Saved', data: { customerId: 'nobody' } }], 60_000_000)
  adopt(to, wider)
  act(to, early!, first)
  to.append('x', [{ type: 'Saved', data: { customerId: 'nobody' } }], 31_000_000)
  act(to, late!, first)
  const { faults } = await ledgerOf(to)
  expect(faults.filter(({ unit }) => unit !== 'c2999')).toEqual([
    expect.objectContaining({
      kind: 'out-of-order',
      unit: `c${late}`,
      because: 'its log had left allocation 1 long before',
    }),
  ])
})

it('refuses an exposure under an allocation that its log adopted only later', async () => {
  const to = log()
  adopt(to, first)
  const [unit] = takingPart(first)
  act(to, unit!, wider)
  adopt(to, wider)
  expect((await ledgerOf(to)).faults).toMatchObject([
    { kind: 'out-of-order', because: 'its log had not adopted allocation 2' },
  ])
})
