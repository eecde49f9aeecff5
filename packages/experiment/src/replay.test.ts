import { events as contractEvents } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { eventsTable, type TableEvent } from '../test/events-table.ts'
import { allocationOf, assign, count, experiment } from './index.ts'
import { recordedVariants } from './recorded-variants.ts'
import { replay, type Replayable } from './replay.ts'

/** A pot that rounds what is saved up to a step, and never holds more than its limit. */
const pot = (step: number, limit = 1_000): Replayable<{ saved: number }> => ({
  initialState: () => ({ saved: 0 }),
  evolve: ({ saved }, { data }) => ({ saved: saved + data.amountMinor }),
  decide: ({ data: { customerId, amountMinor } }, { saved }) => {
    const rounded = Math.ceil(amountMinor / step) * step
    if (saved + rounded > limit) return { kind: 'refused', code: 'full' }
    return [{ type: 'Saved', data: { customerId, amountMinor: rounded } }]
  },
})

const noon = Date.parse('2027-01-01T12:00:00Z') * 1000
const events: TableEvent[] = []
const add = (event: Omit<TableEvent, 'service' | 'position' | 'time'>) =>
  events.push({ service: 'pots', position: events.length + 1, time: noon + events.length * 1_000_000, ...event })
const save = (n: number, potId: string, amountMinor: number, saved: number | 'full') => {
  add({
    type: 'RequestReceived',
    id: `r${n}`,
    causationId: `r${n}`,
    stream: `request-r${n}`,
    data: { target: `pot/${potId}`, action: 'save', caller: 'ada', input: { customerId: `of-${potId}`, amountMinor } },
  })
  if (saved !== 'full')
    add({
      type: 'Saved',
      causationId: `r${n}`,
      stream: `pot-${potId}`,
      data: { customerId: `of-${potId}`, amountMinor: saved },
    })
}
save(1, 'a', 120, 120)
add({ type: 'Saved', causationId: 'elsewhere', stream: 'pot-a', data: { customerId: 'of-a', amountMinor: 700 } })
save(2, 'a', 130, 130)
save(3, 'a', 90, 'full')
save(4, 'b', 200, 200)

async function whatIf(decider: Replayable, from = '2027-01-01T12:00:00Z') {
  const table = await eventsTable(events)
  const period = { service: 'pots', resource: 'pot', category: 'pot', from, to: '2027-01-02T00:00:00Z' }
  const found = await replay(decider, { query: table.query, ...period, unit: 'customerId', amount: 'amountMinor' })
  table.close()
  return found
}

it('finds no difference where the code is what it was', async () => {
  expect(await whatIf(pot(1))).toMatchObject({
    requests: 4,
    differ: [],
    units: 0,
    amount: 0n,
    label: 'mechanical: behaviour held fixed',
  })
})

it('says whom changed code would answer otherwise, and by how much, each answer on the state the earlier ones led to', async () => {
  const { differ, units, amount } = await whatIf(pot(100))
  // 120 → 200 leaves 900 with what came by itself; 130 → 200 is then too much, 90 → 100 just fits.
  expect(differ.map((one) => [one.request, one.replayed, one.amount])).toEqual([
    ['r1', ['Saved'], 80n],
    ['r2', [], -130n],
    ['r3', ['Saved'], 100n],
  ])
  expect([units, amount]).toEqual([1, 50n])
})

it('takes what came before the period as it was', async () => {
  const { requests, differ } = await whatIf(pot(100), '2027-01-01T12:00:03Z')
  expect([requests, differ.map(({ request }) => request)]).toEqual([3, ['r2', 'r3']])
})

it('refuses decisions that read other entities', async () => {
  const reading = { ...pot(1), reads: () => ({ payee: {} }) }
  await expect(whatIf(reading)).rejects.toMatchObject({ code: 'HW_NOT_REPLAYABLE' })
})

it('asks for the variant each request had: as it was exposed, else by what its log used then', async () => {
  const facts = contractEvents('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
  const roundUps = experiment('round-ups', {
    hypothesis: 'Rounding up makes customers save more.',
    unit: 'customerId',
    variants: { plain: 50, rounded: 50 },
    primary: count(facts.Saved),
    decide: { after: '14d', by: '2027-02-01' },
  })
  const at = (position: number, type: string, data: unknown) => ({
    service: 'pots',
    position,
    time: noon + position,
    type,
    data,
  })
  const exposure = { experiment: 'round-ups', unit: 'c1', variant: 'rounded', request: 'r2', allocation: 1 }
  const table = await eventsTable([
    at(2, 'AllocationAdopted', allocationOf(roundUps)),
    at(3, 'ExperimentExposed', exposure),
    at(5, 'AllocationAdopted', allocationOf(roundUps, { version: 2, everybody: 'rounded' })),
  ])
  const then = await recordedVariants(table.query, 'pots', ['round-ups'])
  table.close()
  const others = ['c2', 'c3', 'c4', 'c5'].map((unit) => assign(roundUps, unit).variant)
  expect(new Set(others).size).toBe(2)
  expect(then(roundUps, 'c1', { request: 'r1', position: 1 })).toBe('plain')
  expect(then(roundUps, 'c1', { request: 'r2', position: 4 })).toBe('rounded')
  expect(['c2', 'c3', 'c4', 'c5'].map((unit) => then(roundUps, unit, { request: 'r3', position: 4 }))).toEqual(others)
  expect(then(roundUps, 'c2', { request: 'r4', position: 6 })).toBe('rounded')
})
