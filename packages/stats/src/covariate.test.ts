import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addUnits, compare, noUnits, random, type Comparison } from './index.ts'

const fixed = { method: { kind: 'fixed' } } as const
type Pair = { y: number; x: number }
type Unit = Pair & { before: Pair }

function computed(result: ReturnType<typeof compare>): Comparison {
  if (result.kind !== 'computed') throw new Error(result.sentence)
  return result
}

const compareMeans = (c: Unit[], t: Unit[], adjust = true) => {
  const sums = (units: Unit[]) =>
    addUnits(
      noUnits({ kind: 'mean', before: true }),
      units.map((unit) => ({ value: unit.y, before: unit.before.y })),
    )
  return computed(compare(sums(c), sums(t), { ...fixed, adjust }))
}
const compareRatios = (c: Unit[], t: Unit[], adjust = true) => {
  const sums = (units: Unit[]) => addUnits(noUnits({ kind: 'ratio', before: true }), units)
  return computed(compare(sums(c), sums(t), { ...fixed, adjust }))
}

const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const covariance = (a: number[], b: number[]) => {
  const [ma, mb] = [average(a), average(b)]
  return a.reduce((sum, value, i) => sum + (value - ma) * (b[i]! - mb), 0) / (a.length - 1)
}

/** Customers with a habit, seen before and after; treatment adds `effect` to what they do after. */
function customers(seed: number, n: number, effect: number): Unit[] {
  const { normal, below } = random(seed)
  return Array.from({ length: n }, () => {
    const habit = 100 + 30 * normal()
    const pair = (added: number): Pair => {
      const x = 1 + below(5)
      return { y: Math.round(x * (habit + added) + 10 * normal()), x }
    }
    return { ...pair(effect), before: pair(0) }
  })
}

/** What a unit adds to its variant's value: itself for a mean, yᵢ − R xᵢ over the mean of x for a ratio. */
const ofMean = (pairs: Pair[]) => pairs.map(({ y }) => y)
const ofRatio = (pairs: Pair[]) => {
  const ratio = average(pairs.map(({ y }) => y)) / average(pairs.map(({ x }) => x))
  return pairs.map(({ y, x }) => ratio + (y - ratio * x) / average(pairs.map((pair) => pair.x)))
}

it.each([
  { metric: 'mean', kept: 0.95, compareUnits: compareMeans, linear: ofMean },
  { metric: 'ratio', kept: 0.4, compareUnits: compareRatios, linear: ofRatio },
])('$metric: equals the regression written out unit by unit', ({ kept, compareUnits, linear }) => {
  const [c, t] = [customers(1, 300, 0), customers(2, 500, 4)]
  const [after, before] = [[c, t].map(linear), [c, t].map((units) => linear(units.map((unit) => unit.before)))]
  const per = (f: (i: number) => number) => f(0) / c.length + f(1) / t.length
  const theta = per((i) => covariance(after[i]!, before[i]!)) / per((i) => covariance(before[i]!, before[i]!))
  const rest = after.map((values, i) => values.map((value, j) => value - theta * before[i]![j]!))
  const { difference, adjusted } = compareUnits(c, t)
  expect(adjusted!.theta).toBeCloseTo(theta, 9)
  expect(difference.estimate).toBeCloseTo(average(rest[1]!) - average(rest[0]!), 9)
  expect(difference.standardError).toBeCloseTo(Math.sqrt(per((i) => covariance(rest[i]!, rest[i]!))), 9)
  expect(adjusted!.unadjusted).toBe(compareUnits(c, t, false).difference.estimate)
  expect(adjusted!.varianceKept).toBeLessThan(kept)
})

it('gives the same bits whatever the unit and origin of the covariate', () => {
  const [c, t] = [customers(3, 60, 0), customers(4, 80, 4)]
  const moved = (units: Unit[], by: number, times: number) =>
    units.map((unit) => ({ ...unit, before: { ...unit.before, y: times * unit.before.y + by } }))
  const bits = ({ adjusted, ...rest }: Comparison) => JSON.stringify({ ...rest, kept: adjusted!.varianceKept })
  const straight = bits(compareMeans(c, t))
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 1, max: 1000 }), (by, times) => {
      expect(bits(compareMeans(moved(c, by, times), moved(t, by, times)))).toBe(straight)
    }),
  )
})

it('a covariate that says nothing changes nothing; one that says all leaves what is exact', () => {
  const silent = (units: Unit[]) => units.map((unit) => ({ ...unit, before: { y: 7, x: 1 } }))
  const [c, t] = [customers(5, 60, 0), customers(6, 80, 4)]
  expect(compareMeans(silent(c), silent(t))).toEqual(compareMeans(c, t, false))
  const told = (units: Unit[], added: number) =>
    units.map((unit, i) => ({ ...unit, y: 1_000_000_007 * unit.before.y + added + (i % 2) }))
  const { difference } = compareMeans(told(c, 0), told(t, 3))
  expect(difference.estimate).toBeCloseTo(3, 0)
  expect(difference.standardError).toBeCloseTo(0.5 * Math.sqrt(1 / 60 + 1 / 80), 2)
})

it('keeps lift and difference in step around the pooled covariate', () => {
  const { control, treatment, difference, lift } = compareMeans(customers(7, 500, 0), customers(8, 700, 9))
  expect(treatment.value - control.value).toBeCloseTo(difference.estimate, 10)
  expect(lift).toMatchObject({ estimate: expect.closeTo(difference.estimate / control.value, 12) })
})
