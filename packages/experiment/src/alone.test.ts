import { expect, it } from 'vitest'
import { eventsTable } from '../test/events-table.ts'
import { analyseAlone } from './alone.ts'

/** Cookie Cats (Tactile Entertainment, 90,189 players): does the gate at level 30 or at level 40 bring players back after 7 days? */
const players = (variant: string, units: number, back: number) =>
  `select '${variant}-' || range as unit, '${variant}' as variant, timestamp '2027-01-01' as time, range < ${back} as back from range(${units})`
const all = `(${players('gate30', 44_700, 8502)} union all ${players('gate40', 45_489, 8279)})`
const cookieCats = {
  name: 'cookie-cats',
  exposures: `select unit, variant, time from ${all} union all select unit, variant, time + interval 3 day from ${all}`,
  outcomes: `select unit, time + interval 7 day as time from ${all} where back union all select 'nobody', timestamp '2027-02-01'`,
  variants: { gate30: 50, gate40: 50 },
  metric: 'share',
  within: '8d',
} as const

async function analysed<T>(
  work: (options: { query: Awaited<ReturnType<typeof eventsTable>>['query'] }) => Promise<T>,
): Promise<T> {
  const table = await eventsTable([])
  try {
    return await work(table)
  } finally {
    table.close()
  }
}

it('gives the published result of Cookie Cats: fewer come back when the gate is later', async () => {
  const { results, decision, ledger } = await analysed((options) =>
    analyseAlone({ ...cookieCats, method: 'fixed' }, options),
  )
  const { comparison } = results.metrics[0]!.treatments[0]!
  expect(comparison).toMatchObject({ kind: 'computed', control: { n: 44_700 }, treatment: { n: 45_489 } })
  expect((comparison as { difference: { p: number } }).difference.p).toBeCloseTo(0.00155, 4)
  expect(decision).toMatchObject({ kind: 'kill', because: expect.stringContaining('gate40 is worse') })
  expect(ledger).toMatch(/No loss ledger/)
})

it('says that its groups are uneven, without which the result is worth nothing', async () => {
  const uneven = { ...cookieCats, variants: { gate30: 60, gate40: 40 } }
  const { decision } = await analysed((options) => analyseAlone(uneven, options))
  expect(decision).toMatchObject({ kind: 'ask', hold: true })
})

it('refuses an exposure to a variant that nobody named', async () => {
  const wrong = { ...cookieCats, variants: { gate30: 50, gate50: 50 } }
  await expect(analysed((options) => analyseAlone(wrong, options))).rejects.toMatchObject({
    code: 'HW_VARIANT_UNKNOWN',
  })
})

it('sums decimals exactly in the scale it is told, and refuses more decimals than that', async () => {
  const money = {
    ...cookieCats,
    metric: 'sum',
    outcomes: `select unit, time + interval 7 day as time, case when back then 0.10 else 0.35 end as value from ${all} union all select 'x', timestamp '2027-02-01', 0`,
  } as const
  const { results } = await analysed((options) => analyseAlone({ ...money, scale: 2 }, options))
  expect(results.observed.metrics[0]!.variants.gate30!.sums).toMatchObject({
    scale: 100,
    n: '44700',
    sum: String(8502 * 10 + 36_198 * 35),
  })
  await expect(analysed((options) => analyseAlone({ ...money, scale: 1 }, options))).rejects.toMatchObject({
    code: 'HW_NOT_IN_SCALE',
  })
})
