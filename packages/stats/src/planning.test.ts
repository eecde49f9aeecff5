import { expect, it } from 'vitest'
import { addUnits, forecast, minimalEffect, noUnits, power, unitsNeeded, type Plan, type Planned } from './index.ts'

function done<T>(planned: Planned<T>) {
  if (planned.kind !== 'computed') throw new Error((planned as { sentence: string }).sentence)
  return planned
}

const fixed = { kind: 'fixed' } as const
const unit: Plan = { baseline: { mean: 10, variance: 1 }, method: fixed }

it('agrees with the published sample sizes of a two-sample z test (Cohen 1988: d = 0.5 needs 63 a group, 0.2 needs 393)', () => {
  expect(done(unitsNeeded(unit, { difference: 0.5 })).control).toBe(63)
  expect(done(unitsNeeded(unit, { difference: 0.2 })).treatment).toBe(393)
  expect(done(unitsNeeded(unit, { lift: 0.02 })).units).toBe(done(unitsNeeded(unit, { difference: -0.2 })).units)
})

it('agrees with the published sample size for proportions (Fleiss 1981: .50 against .60, unpooled, 385 a group)', () => {
  const plan: Plan = { baseline: { kind: 'proportion', n: 1000n, successes: 500n }, method: fixed }
  expect(done(unitsNeeded(plan, { difference: 0.1 })).control).toBe(385)
})

it.each(['fixed', 'sequence', 'mixture'] as const)(
  '%s: minimal effect, units needed and power are one curve',
  (kind) => {
    const method = kind === 'mixture' ? { kind, plausible: 0.03 } : { kind }
    for (const alternative of ['different', 'higher', 'lower'] as const)
      for (const shares of [
        [1, 1],
        [9, 1],
      ] as const) {
        const plan: Plan = {
          baseline: { kind: 'proportion', n: 5000n, successes: 900n },
          method,
          alternative,
          shares,
          power: 0.9,
        }
        const { difference } = done(minimalEffect(plan, 20_000))
        expect(done(power(plan, { difference }, 20_000)).power).toBeCloseTo(0.9, 9)
        expect(Math.abs(done(unitsNeeded(plan, { difference })).units - 20_000)).toBeLessThanOrEqual(1)
      }
  },
)

it('needs fewer units where a covariate explains the metric', () => {
  const sums = (before: boolean) => {
    const units = Array.from({ length: 500 }, (_, i) => ({ value: i * 10 + (i % 7), before: i * 3 }))
    return before
      ? addUnits(noUnits({ kind: 'mean', before }), units)
      : addUnits(
          noUnits({ kind: 'mean' }),
          units.map(({ value }) => value),
        )
  }
  const needed = (before: boolean) => done(unitsNeeded({ baseline: sums(before) }, { lift: 0.005 })).units
  expect(needed(true) * 100).toBeLessThan(needed(false))
})

it('never plans for less than a sequence needs before it speaks', () => {
  const plan: Plan = { baseline: { mean: 1, variance: 1 }, shares: [9, 1] }
  expect(done(unitsNeeded(plan, { difference: 100 })).units).toBe(500)
  expect(minimalEffect(plan, 499)).toMatchObject({ reason: 'too-few-units' })
  expect(done(power(plan, { difference: 100 }, 499)).power).toBe(0)
})

it('forecasts the day, counting units only when their window has closed', () => {
  const { units } = done(unitsNeeded(unit, { difference: 0.2 }))
  expect(units).toBe(785)
  expect(done(forecast(unit, { difference: 0.2 }, { perDay: 100 })).days).toBe(8)
  expect(done(forecast(unit, { difference: 0.2 }, { perDay: 100, windowDays: 28 })).days).toBe(36)
  expect(done(forecast(unit, { difference: 0.2 }, { perDay: [700, 100, 10] })).days).toBe(2)
  expect(done(forecast(unit, { difference: 0.2 }, { perDay: [300, 100, 50] })).days).toBe(6)
})

it('says what the traffic could show instead', () => {
  const result = forecast(unit, { lift: 0.0001 }, { perDay: 10, withinDays: 90 })
  expect(result).toMatchObject({ kind: 'cannot-compute', reason: 'not-with-this-traffic' })
  expect((result as { sentence: string }).sentence).toMatch(
    /in 90 days 900 will count. They show a lift of 1\.87 % or more/,
  )
})

it('says why a plan cannot be made', () => {
  expect(unitsNeeded(unit, { difference: 0 })).toMatchObject({ reason: 'no-effect-asked' })
  expect(unitsNeeded({ ...unit, alternative: 'lower' }, { difference: 1 })).toMatchObject({ reason: 'no-effect-asked' })
  expect(unitsNeeded({ baseline: noUnits({ kind: 'mean' }) }, { lift: 1 })).toMatchObject({ reason: 'too-few-units' })
  expect(power({ baseline: { kind: 'proportion', n: 10n, successes: 9n } }, { difference: 0.2 }, 10)).toMatchObject({
    reason: 'no-effect-asked',
  })
  expect(minimalEffect({ baseline: { kind: 'proportion', n: 10n, successes: 9n } }, 5)).toMatchObject({
    reason: 'too-few-units',
  })
  expect(() => power({ ...unit, alpha: 0 }, { difference: 1 }, 10)).toThrow(/alpha/)
})
