import { events } from '@headwater/contract'
import { random, unitsNeeded } from '@headwater/stats'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { eventsTable, type TableEvent } from '../test/events-table.ts'
import { outlook } from './forecast.ts'
import { type Experiment, experiment, share, sum } from './index.ts'
import { methodOf } from './results.ts'

const facts = events('pots', { Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }) } })
const declare = (expect_: `${number}%`, change: object = {}) =>
  experiment('round-ups', {
    hypothesis: 'Rounding up makes customers save more.',
    unit: 'customerId',
    variants: { plain: 50, rounded: 50 },
    primary: sum(facts.Saved, 'amountMinor', { within: '7d', expect: expect_ }),
    decide: { after: '14d', by: '2027-02-01' },
    ...change,
  })

/** Forty days in which a hundred new customers a day save once, about 1,000 give or take 300. */
function history(): TableEvent[] {
  const dice = random(7)
  const [start, day] = [1_800_000_000_000_000, 86_400_000_000]
  return Array.from({ length: 4000 }, (_, i) => ({
    service: 'pots',
    position: i + 1,
    type: 'Saved',
    time: start + Math.floor(i / 100) * day + (i % 100) * 1_000_000,
    data: { customerId: `c${i}`, amountMinor: Math.round(1000 + 300 * dice.normal()) },
  }))
}

async function forecast(of: Experiment<any>, said = history()) {
  const table = await eventsTable(said)
  try {
    return await outlook(of, table)
  } finally {
    table.close()
  }
}

it('says in how many days a stated effect will be seen: sooner when it is larger, never before a window has closed', async () => {
  const [large, small] = [await forecast(declare('20%')), await forecast(declare('3%'))]
  const days = [large, small].map(({ expected }) => (expected?.kind === 'computed' ? expected.days : Infinity))
  expect(days[0]).toBeGreaterThan(7)
  expect(large.sentence).toMatch(new RegExp(`^In ${days[0]} days it can see a lift of 20 %`))
  expect(days[0]).toBeLessThan(days[1]!)
  expect(large.perDay.reduce((a, b) => a + b, 0)).toBeCloseTo(2800, -2)
  expect(large.visible.map(({ lift }) => lift!)).toEqual(large.visible.map(({ lift }) => lift!).sort((a, b) => b - a))
})

it('says so when the traffic will never show it, and what it would show', async () => {
  const { expected, sentence } = await forecast(declare('0.1%', { coverage: 10 }))
  expect(sentence).toMatch(/^Not with your traffic: \d+ units are needed/)
  expect(expected).toMatchObject({
    kind: 'cannot-compute',
    reason: 'not-with-this-traffic',
    sentence: expect.stringMatching(/lift of/),
  })
})

it('takes the share of all who come, not of those who have the event already', async () => {
  const pots = events('pots', {
    Saved: { data: z.object({ customerId: z.string() }) },
    PotOpened: { data: z.object({ customerId: z.string() }) },
  })
  const of = (expected: '3pp' | '10%') =>
    experiment('round-ups', {
      hypothesis: 'Rounding up makes more customers save.',
      unit: 'customerId',
      variants: { plain: 50, rounded: 50 },
      primary: share(pots.Saved, { within: '7d', expect: expected }),
      decide: { after: '14d', by: '2027-02-01' },
    })
  // Each opens a pot; three of ten save the day after.
  const [start, day] = [1_800_000_000_000_000, 86_400_000_000]
  const said = Array.from({ length: 4000 }, (_, i) => {
    const [time, data] = [start + Math.floor(i / 100) * day + (i % 100) * 1_000_000, { customerId: `c${i}` }]
    const opened = { service: 'pots', type: 'PotOpened', time, data }
    return i % 10 < 3 ? [opened, { ...opened, type: 'Saved', time: time + day }] : [opened]
  }).flat()
  const history_ = said.sort((a, b) => a.time - b.time).map((event, i) => ({ ...event, position: i + 1 }))
  const { history: past, expected, sentence } = await forecast(of('3pp'), history_)
  expect(past.units).toBeGreaterThan(3000)
  const plan = { baseline: { mean: 0.3, variance: 0.21 }, alpha: 0.05, method: methodOf(of('3pp')) }
  const needed = unitsNeeded(plan, { difference: 0.03 })
  if (expected?.kind !== 'computed' || needed.kind !== 'computed') throw new Error(sentence)
  // To the day: a hundred come on each.
  expect(Math.abs(expected.units - needed.units) / needed.units).toBeLessThan(0.05)
  expect(sentence).toMatch(/^In \d+ days it can see a difference of 0.03/)
  expect((await forecast(of('10%'), history_)).sentence).toMatch(/^In \d+ days it can see a lift of 10 %/)
})

it('looks at the variants that somebody gets', async () => {
  const variants = { plain: 50, rounded: 50, doubled: 0 }
  expect((await forecast(declare('20%', { variants }))).sentence).toMatch(/^In \d+ days it can see/)
  await expect(forecast(declare('20%', { variants: { plain: 100, rounded: 0 } }))).rejects.toMatchObject({
    code: 'HW_NO_FORECAST',
    message: expect.stringContaining('a control and a treatment that somebody gets'),
  })
})

it('refuses to forecast from nothing', async () => {
  await expect(
    forecast(
      declare('5%'),
      history().map((event) => ({ ...event, type: 'Other' })),
    ),
  ).rejects.toMatchObject({ code: 'HW_NO_HISTORY' })
})
