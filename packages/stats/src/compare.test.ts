import { expect, it } from 'vitest'
import {
  addUnits,
  compare,
  judge,
  noUnits,
  normal,
  type CompareOptions,
  type Comparison,
  type MeanUnit,
  type Sums,
} from './index.ts'

const fixed: CompareOptions = { method: { kind: 'fixed' } }

function computed(control: Sums, treatment: Sums, options?: CompareOptions): Comparison {
  const result = compare(control, treatment, options)
  if (result.kind !== 'computed') throw new Error(result.sentence)
  return result
}

const proportion = (successes: bigint, n: bigint) => ({ kind: 'proportion' as const, n, successes })
const mean = (units: readonly MeanUnit[], options: { scale?: number; before?: boolean } = {}) =>
  addUnits(noUnits({ kind: 'mean', ...options }), units)

it('finds what is known of Cookie Cats: gate 30 against gate 40, 7-day retention', () => {
  const { difference, lift } = computed(proportion(8502n, 44700n), proportion(8279n, 45489n), fixed)
  expect(normal.quantile(difference.p / 2)).toBeCloseTo(-3.164, 3)
  expect(difference.p).toBeCloseTo(0.00155, 5)
  expect(difference.upper).toBeLessThan(0)
  expect(lift).toMatchObject({ kind: 'computed' })
})

it('agrees with a published Welch test: two samples of 10 and 10 (Student 1908, sleep)', () => {
  const drug1 = [7, -16, -2, -12, -1, 34, 37, 8, 0, 20]
  const drug2 = [19, 8, 11, 1, -1, 44, 55, 16, 46, 34]
  const { difference, method } = computed(mean(drug1, { scale: 10 }), mean(drug2, { scale: 10 }), fixed)
  expect(difference.estimate).toBeCloseTo(1.58, 12)
  expect(method).toMatchObject({ kind: 'fixed', test: 'welch', degreesOfFreedom: expect.closeTo(17.77647, 4) })
  expect(difference.p).toBeCloseTo(0.07939414, 7)
  expect([difference.lower, difference.upper]).toEqual([expect.closeTo(-0.2054832, 6), expect.closeTo(3.3654832, 6)])
})

it('agrees with published score intervals of a difference (Newcombe 1998, table II, Mee)', () => {
  const interval = ([a, m, b, n]: [bigint, bigint, bigint, bigint]) => {
    const { difference } = computed(proportion(b, n), proportion(a, m), fixed)
    return [difference.lower!.toFixed(4), difference.upper!.toFixed(4)]
  }
  expect(interval([56n, 70n, 48n, 80n])).toEqual(['0.0533', '0.3377'])
  expect(interval([9n, 10n, 3n, 10n])).toEqual(['0.1821', '0.8370'])
  expect(interval([6n, 7n, 2n, 7n])).toEqual(['0.0544', '0.8478'])
})

it('keeps its variance where doubles lose it: values of five million million that differ by one', () => {
  const values = Array.from({ length: 20_000 }, (_, i) => 5_000_000_000_000 + (i % 2))
  const { difference } = computed(mean(values), mean(values), fixed)
  // Half of the values are one above the others: variance n/4(n − 1).
  const n = values.length
  expect(difference.standardError).toBe(Math.sqrt((2 * (1 / 4)) / (n - 1)))
})

it('gives the same bits in any scale, and mirrored ones for mirrored variants', () => {
  const [a, b] = [
    [3, 5, 9, 1, 4, 4, 7],
    [6, 8, 9, 5, 7, 9, 8],
  ]
  const times = (values: number[]) => values.map((value) => value * 100)
  const one = computed(mean(a), mean(b), fixed)
  expect(computed(mean(times(a), { scale: 100 }), mean(times(b), { scale: 100 }), fixed)).toEqual(one)
  const { difference } = computed(mean(b), mean(a), fixed)
  expect([-difference.upper!, -difference.lower!, difference.p]).toEqual([
    one.difference.lower,
    one.difference.upper,
    one.difference.p,
  ])
})

it('has no doubt about claims that no proportions could break', () => {
  const result = computed(proportion(5n, 10n), proportion(6n, 10n), fixed)
  for (const on of ['difference', 'lift'] as const)
    expect(judge(result, { claim: 'not-inferior', better: 'higher', margin: 1, on })).toMatchObject({
      holds: 'yes',
      p: 0,
    })
  expect(judge(result, { claim: 'superior', better: 'higher', margin: 1 })).toMatchObject({ holds: 'no', p: 1 })
})

it('says by which rule a one-sided comparison bounds', () => {
  const [c, t] = [proportion(1000n, 10000n), proportion(1100n, 10000n)]
  const higher = computed(c, t, { ...fixed, alternative: 'higher' }).difference
  const both = computed(c, t, { ...fixed, alpha: 0.1 }).difference
  expect(higher.lower).toBe(both.lower)
  expect(higher.upper).toBeNull()
  expect(higher.p * 2).toBeCloseTo(both.p, 14)
})

it.each(['sequence', 'mixture', 'fixed'] as const)('%s: p ≤ α exactly when the interval excludes no effect', (kind) => {
  const method = kind === 'mixture' ? { kind, plausible: 0.02 } : { kind }
  for (const alternative of ['different', 'higher', 'lower'] as const)
    for (let successes = 900n; successes < 1200n; successes += 7n) {
      const { difference, lift } = computed(proportion(1000n, 9000n), proportion(successes, 9000n), {
        method,
        alternative,
      })
      for (const effect of [difference, lift]) {
        if (effect.kind !== 'computed') throw new Error(effect.sentence)
        const { lower, upper, p } = effect
        const excluded = (lower !== null && lower > 0) || (upper !== null && upper < 0)
        expect(p <= 0.05).toBe(excluded)
      }
    }
})

it('makes a sequence wider than one look, and narrowest where it was told to be', () => {
  const [c, t] = [proportion(1000n, 10000n), proportion(1000n, 10000n)]
  const width = (options: CompareOptions) => computed(c, t, options).difference.upper!
  const one = width(fixed)
  const here = width({ method: { kind: 'sequence', tightestAt: 20_000 } })
  expect(here / one).toBeGreaterThan(1.4)
  expect(here / one).toBeLessThan(1.6)
  for (const tightestAt of [5_000, 10_000, 40_000, 100_000])
    expect(width({ method: { kind: 'sequence', tightestAt } })).toBeGreaterThan(here)
})

it('gives the confidence sequence of the paper', () => {
  // The same spread in both variants, so that neither is moved towards the other.
  const pulse = Array.from({ length: 2000 }, (_, i) => i % 4)
  const { difference } = computed(mean(pulse), mean(pulse.map((value) => value + 1)), {
    method: { kind: 'sequence', tightestAt: 1000 },
  })
  const n = 4000
  const rho2 = (-2 * Math.log(0.05) + Math.log(-2 * Math.log(0.05) + 1)) / 1000
  const sigma = Math.sqrt((n * 2 * 1.25) / 1999)
  const reach = sigma * Math.sqrt(((2 * (n * rho2 + 1)) / (n * n * rho2)) * Math.log(Math.sqrt(n * rho2 + 1) / 0.05))
  expect(difference.upper! - difference.estimate).toBeCloseTo(reach, 12)
})

it('holds shares against the spread they would have under the null, also when no unit did anything yet', () => {
  const none = computed(proportion(0n, 9000n), proportion(0n, 9000n))
  const { lower, upper, p } = none.difference
  expect([p, none.difference.estimate]).toEqual([1, 0])
  // A few in 9,000 could be there unseen; a hundred could not.
  expect([lower! < -3 / 9000, lower! > -100 / 9000]).toEqual([true, true])
  expect(upper).toBeCloseTo(-lower!, 12)
  expect(judge(none, { claim: 'not-inferior', better: 'lower', margin: 0.01 })).toMatchObject({ holds: 'yes' })
  expect(judge(none, { claim: 'not-inferior', better: 'lower', margin: 1 / 9000 })).toMatchObject({ holds: 'open' })
  const all = computed(proportion(9000n, 9000n), proportion(9000n, 9000n), fixed)
  expect(all.difference.upper).toBeCloseTo(-all.difference.lower!, 12)
})

it('bounds a lift by Fieller: each end is where treatment − (1 + λ) control meets the critical value', () => {
  const [c, t] = [mean([3, 5, 9, 1, 4, 4, 7]), mean([6, 8, 9, 5, 7, 9, 8])]
  const { lift, control, treatment } = computed(c, t, { method: { kind: 'mixture', plausible: 3, from: 2 } })
  if (lift.kind !== 'computed') throw new Error(lift.sentence)
  const zAt = (λ: number) =>
    (treatment.value - (1 + λ) * control.value) /
    Math.sqrt(treatment.standardError ** 2 + ((1 + λ) * control.standardError) ** 2)
  expect(zAt(lift.lower!)).toBeCloseTo(-zAt(lift.upper!), 10)
  expect(lift.estimate).toBeCloseTo(treatment.value / control.value - 1, 14)
})

it('calls more a lift above zero, and judges a relative margin alike, where control is below zero', () => {
  const [c, t] = [mean([-90, -110, -100, -95, -105]), mean([-80, -100, -90, -85, -95])]
  for (const lift of ['fieller', 'delta'] as const) {
    const result = computed(c, t, { ...fixed, lift })
    expect(result.lift).toMatchObject({ estimate: expect.closeTo(0.1, 12), lower: expect.any(Number) })
    // As if the same distances lay above zero.
    const above = computed(mean([90, 110, 100, 95, 105]), mean([100, 120, 110, 105, 115]), { ...fixed, lift })
    expect(judge(result, { claim: 'not-inferior', better: 'higher', margin: 0.05, on: 'lift' })).toMatchObject({
      holds: judge(above, { claim: 'not-inferior', better: 'higher', margin: 0.05, on: 'lift' })['holds' as never],
    })
    expect(judge(result, { claim: 'not-inferior', better: 'lower', margin: 0.01, on: 'lift' })).toMatchObject({
      holds: 'open',
    })
    for (const margin of [0.01, 0.05, 0.2]) {
      const verdict = judge(result, { claim: 'not-inferior', better: 'higher', margin, on: 'lift' })
      if (verdict.kind !== 'computed') throw new Error(verdict.sentence)
      expect(verdict.holds === 'yes').toBe(verdict.p <= 0.05)
    }
  }
})

it('says why something cannot be computed', () => {
  const reason = (c: Sums, t: Sums, options?: CompareOptions) => {
    const result = compare(c, t, options)
    return result.kind === 'computed' ? 'computed' : result.reason
  }
  expect(reason(mean([1]), mean([1, 2]), fixed)).toBe('too-few-units')
  expect(reason(mean([1, 2, 3]), mean([1, 2, 3]))).toBe('too-few-units')
  // What is asked for is what is needed for an answer, not one of its parts.
  expect(compare(mean([1]), mean([1, 2]))).toMatchObject({ sentence: expect.stringMatching(/^50 units are needed/) })
  expect(reason(mean([2, 2]), mean([2, 2, 2]), fixed)).toBe('no-variance')
  const empty = addUnits(noUnits({ kind: 'ratio' }), [
    { y: 1, x: 0 },
    { y: 2, x: 0 },
  ])
  expect(reason(empty, empty, fixed)).toBe('no-denominator')
  const { lift, difference } = computed(mean([-5, 5, 1, -2]), mean([3, 4, 5, 4]), fixed)
  expect(lift).toMatchObject({ kind: 'cannot-compute', reason: 'control-near-zero' })
  expect(difference.kind).toBe('computed')
})

it('refuses sums of two metrics, impossible sums and impossible options', () => {
  expect(() => compare(mean([1, 2], { scale: 100 }), mean([1, 2]))).toThrow(
    /one metric: mean in scale 100 against mean in scale 1/,
  )
  expect(() => compare(proportion(5n, 4n), proportion(1n, 4n))).toThrow(
    expect.objectContaining({ code: 'HW_IMPOSSIBLE_SUMS' }),
  )
  expect(() => compare(mean([1, 2]), mean([1, 2]), { alpha: 5 })).toThrow(/alpha must lie between 0 and 0.5/)
})

it('judges claims by the interval, in step with their p', () => {
  const [c, t] = [proportion(50_000n, 100_000n), proportion(50_100n, 100_000n)]
  const result = computed(c, t, fixed)
  expect(judge(result, { claim: 'superior', better: 'higher' })).toMatchObject({ holds: 'open', threshold: 0 })
  expect(judge(result, { claim: 'not-inferior', better: 'higher', margin: 0.01 })).toMatchObject({
    holds: 'yes',
    threshold: -0.01,
  })
  expect(judge(result, { claim: 'not-inferior', better: 'lower', margin: 0.01 })).toMatchObject({
    holds: 'yes',
    threshold: 0.01,
  })
  expect(judge(result, { claim: 'superior', better: 'higher', margin: 0.02 })).toMatchObject({
    holds: 'no',
    threshold: 0.02,
    p: 1,
  })
  for (const on of ['difference', 'lift'] as const)
    for (const better of ['higher', 'lower'] as const)
      for (let margin = 0; margin < 0.02; margin += 0.0005) {
        const verdict = judge(result, { claim: 'not-inferior', better, margin, on })
        if (verdict.kind !== 'computed') throw new Error(verdict.sentence)
        expect(verdict.holds === 'yes').toBe(verdict.p <= 0.05)
      }
})

it('does not judge a claim that a one-sided comparison does not look at', () => {
  const result = computed(proportion(50n, 100n), proportion(60n, 100n), { alternative: 'lower' })
  expect(judge(result, { claim: 'superior', better: 'higher' })).toMatchObject({ reason: 'side-not-looked-at' })
})
