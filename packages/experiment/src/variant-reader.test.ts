import { contractOf, events } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import {
  adoption,
  allocationOf,
  assign,
  count,
  experiment,
  experimentFacts,
  followAllocations,
  variantReader,
} from './index.ts'

const facts = events('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up makes customers save more.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  primary: count(facts.Saved, { within: '28d' }),
  decide: { after: '14d', by: '2027-02-01' },
})
const running = new Map([['round-ups', allocationOf(roundUps)]])

it('exposes what was read, as events that fit their schema, under a computed id', () => {
  const once = () => {
    const reader = variantReader(running, { request: 'r1' })
    const variant = reader.variant(roundUps, 'c1')
    expect(reader.variant(roundUps, 'c1')).toBe(variant)
    return reader.exposures()
  }
  const [append] = once()
  expect(once()).toEqual([append])
  expect(append).toMatchObject({ stream: 'exposure-round-ups.c1', expected: 'any' })
  const { type, data } = append!.events[0]!
  expect(experimentFacts('pots').ExperimentExposed(data as never)).toEqual({ type, data })
  expect(data).toMatchObject({ variant: assign(roundUps, 'c1').variant, allocation: 1, request: 'r1' })
})

it('exposes only what the last try read', () => {
  const reader = variantReader(running, { request: 'r1' })
  reader.variant(roundUps, 'first-try')
  expect(reader.exposures()).toHaveLength(1)
  reader.variant(roundUps, 'second-try')
  expect(reader.exposures().map(({ stream }) => stream)).toEqual(['exposure-round-ups.second-try'])
  expect(reader.exposures()).toEqual([])
})

it('gives control, and exposes nobody, where the experiment is not running or is decided', () => {
  const decided = new Map([['round-ups', allocationOf(roundUps, { version: 2, everybody: 'rounded' })]])
  const readers = [new Map(), decided].map((allocations) => variantReader(allocations, { request: 'r1' }))
  expect(readers.map((reader) => reader.variant(roundUps, 'c1'))).toEqual(['plain', 'rounded'])
  expect(readers.map((reader) => reader.exposures())).toEqual([[], []])
})

it('keeps the allocation of a request while a new one arrives', () => {
  const allocations = followAllocations({ now: () => 0 })
  allocations.use(allocationOf(roundUps))
  const reader = variantReader(allocations.current(), { request: 'r1' })
  allocations.use(allocationOf(roundUps, { version: 2, everybody: 'rounded' }))
  reader.variant(roundUps, 'c1')
  expect(reader.exposures()[0]!.events[0]!.data).toMatchObject({ allocation: 1 })
  expect(allocations.current().get('round-ups')!.version).toBe(2)
})

it('never goes back to an older allocation', () => {
  const allocations = followAllocations({ now: () => 0 })
  allocations.use(allocationOf(roundUps, { version: 3 }))
  allocations.use(allocationOf(roundUps, { version: 2 }))
  expect(allocations.current().get('round-ups')!.version).toBe(3)
})

it('goes back to control after a day of silence, says so once, and comes back when it hears', () => {
  let now = 0
  const silences: number[] = []
  const allocations = followAllocations({ now: () => now, onSilence: (since) => silences.push(since) })
  allocations.use(allocationOf(roundUps))
  const rounded = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'].find(
    (unit) => assign(roundUps, unit).variant === 'rounded',
  )!
  now += 24 * 3_600_000
  const ask = () => {
    const reader = variantReader(allocations.current(), { request: 'r1' })
    return [reader.variant(roundUps, rounded), ...reader.exposures().flatMap(({ events: [said] }) => said!.type)]
  }
  expect(ask()).toEqual(['rounded', 'ExperimentExposed'])
  now += 1
  expect([ask(), ask(), silences]).toEqual([['plain', 'ExperimentWithheld'], ['plain', 'ExperimentWithheld'], [0]])
  allocations.heard()
  expect(ask()).toEqual(['rounded', 'ExperimentExposed'])
})

it('adopts an allocation once, as an event that fits its schema', () => {
  const allocation = allocationOf(roundUps, { coverage: 50 })
  const [event] = adoption('pots', allocation).events
  expect(event).toEqual(adoption('pots', allocation).events[0])
  expect(event!.id).not.toBe(adoption('cards', allocation).events[0]!.id)
  expect(experimentFacts('pots').AllocationAdopted(event!.data as never).data).toEqual(event!.data)
  expect(contractOf(experimentFacts('pots')).types.get('ExperimentExposed')!.level).toBe('published')
})
