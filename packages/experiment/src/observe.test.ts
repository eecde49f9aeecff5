import { events } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { eventsTable, type TableEvent } from '../test/events-table.ts'
import { decide } from './decide.ts'
import {
  allocationOf,
  count,
  type Experiment,
  experiment,
  type MeasuredDeclaration,
  quantile,
  ratio,
  sum,
} from './index.ts'
import { observe } from './observe.ts'
import { conclude } from './results.ts'

const pots = events('pots', {
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }) },
  PotOpened: { data: z.object({ customerId: z.string() }) },
})
const declare = (change: Partial<MeasuredDeclaration<string, any, any>>) =>
  experiment('round-ups', {
    hypothesis: 'Rounding up makes customers save more.',
    unit: 'customerId',
    variants: { plain: 50, rounded: 50 },
    primary: sum(pots.Saved, 'amountMinor', { within: '10s' }),
    decide: { after: '14d', by: '2099-01-01' },
    ...change,
  })
const start = 1_800_000_000_000_000
type Said = readonly [second: number, type: string, data: object]
const adopts = (of: Experiment<any>): Said => [0, 'AllocationAdopted', allocationOf(of)]
const exposes = (unit: string, variant: string): Said => [
  1,
  'ExperimentExposed',
  { experiment: 'round-ups', unit, variant, allocation: 1 },
]
const saves = (customerId: string, amountMinor: unknown): Said => [2, 'Saved', { customerId, amountMinor }]
const opens = (customerId: string): Said => [3, 'PotOpened', { customerId }]

async function observed(of: Experiment<any>, ...said: readonly Said[]) {
  const log = [adopts(of), ...said, [60, 'PotOpened', { customerId: 'nobody' }] as const]
  const table = await eventsTable(
    log.map(([second, type, data], index): TableEvent => ({
      service: 'pots',
      position: index + 1,
      time: start + second * 1_000_000,
      type,
      data,
    })),
  )
  const seen = await observe(of, { query: table.query })
  table.close()
  return seen
}

it('bounds either side of a ratio, and a quantile, by the cap of the metric it was', async () => {
  const capped = sum(pots.Saved, 'amountMinor', { cap: 100 })
  const of = declare({
    primary: ratio(capped, count(pots.PotOpened, { cap: 2 }), { within: '10s' }),
    secondary: [quantile(0.5, capped)],
  })
  const said = [exposes('ada', 'plain'), saves('ada', 70), saves('ada', 50), opens('ada'), opens('ada'), opens('ada')]
  const { metrics } = await observed(of, ...said)
  expect(metrics[0]!.variants.plain!.sums).toMatchObject({ n: '1', sumY: '100', sumX: '2' })
  expect(metrics[1]!.variants.plain!.values).toEqual([['100', 1]])
})

it('counts units with an amount out of scale, and concludes nothing on that metric alone', async () => {
  const of = declare({
    primary: sum(pots.Saved, 'amountMinor', { within: '10s' }),
    secondary: [count(pots.Saved), quantile(0.5, sum(pots.Saved, 'amountMinor'))],
  })
  const said = [
    exposes('ada', 'plain'),
    exposes('bob', 'plain'),
    exposes('cleo', 'rounded'),
    saves('ada', 70),
    saves('bob', 50.5),
    saves('cleo', 60),
    saves('nobody', 0.001),
  ]
  const seen = await observed(of, ...said)
  const [primary, counted, median] = seen.metrics.map(({ variants }) => variants)
  expect([primary!.plain, primary!.rounded]).toEqual([
    { maturing: 0, unfit: 1, sums: expect.objectContaining({ n: '1', sum: '70' }) },
    { maturing: 0, sums: expect.objectContaining({ n: '1', sum: '60' }) },
  ])
  expect(median!.plain).toEqual({ maturing: 0, unfit: 1, values: [['70', 1]] })
  expect(counted!.plain).toMatchObject({ sums: { n: '2', sum: '2' } })
  const results = conclude(of, seen)
  const sentence = expect.stringMatching(
    /^Units with an amount of more than 0 decimals.* on "sum of Saved.amountMinor": 1\./,
  )
  expect(results.metrics.map(({ treatments }) => treatments[0]!.comparison)).toMatchObject([
    { reason: 'not-in-scale', sentence },
    { reason: 'too-few-units' },
    { reason: 'not-in-scale' },
  ])
  expect(decide(of, results)).toEqual({ kind: 'wait', because: sentence })
})
