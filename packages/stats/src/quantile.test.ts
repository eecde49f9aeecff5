import { expect, it } from 'vitest'
import { compareQuantiles, random, winsorise, type Comparison } from './index.ts'

const { normal, below } = random(42)
const sample = (n: number, shift = 0) => Array.from({ length: n }, () => Math.round(1000 * (10 + shift + normal())))
const fixed = { method: { kind: 'fixed' } } as const

function computed(result: ReturnType<typeof compareQuantiles>): Comparison {
  if (result.kind !== 'computed') throw new Error(result.sentence)
  return result
}

it('measures a median as closely as theory says: σ √(π/2n)', () => {
  const { control, difference } = computed(
    compareQuantiles({ quantile: 0.5, scale: 1000 }, sample(40_000), sample(40_000, 0.1), fixed),
  )
  expect(control.value).toBeCloseTo(10, 1)
  // Two order statistics tell a spread to a few per cent.
  const share = control.standardError / Math.sqrt(Math.PI / 2 / 40_000)
  expect(share).toBeGreaterThan(0.85)
  expect(share).toBeLessThan(1.15)
  expect(Math.abs(difference.estimate - 0.1)).toBeLessThan(3 * difference.standardError)
})

it('covers the true difference of a high quantile 95 times of 100', () => {
  const covered = Array.from({ length: 400 }, () => {
    const { difference } = computed(
      compareQuantiles({ quantile: 0.9, scale: 1000 }, sample(500), sample(500, 0.5), fixed),
    )
    return difference.lower! < 0.5 && 0.5 < difference.upper!
  }).filter(Boolean).length
  expect(covered / 400).toBeGreaterThan(0.92)
  expect(covered / 400).toBeLessThan(0.98)
})

it('takes bigints, numbers and any order for the same', () => {
  const [a, b] = [sample(300), sample(300)]
  const metric = { quantile: 0.75 }
  const shuffled = [...a].sort(() => below(3) - 1).map(BigInt)
  expect(compareQuantiles(metric, shuffled, b)).toEqual(compareQuantiles(metric, a, b))
})

it('says when too few units or too many ties hide the spread', () => {
  expect(compareQuantiles({ quantile: 0.99 }, sample(100), sample(100), fixed)).toMatchObject({
    reason: 'too-few-units',
  })
  const tied = Array.from({ length: 200 }, () => 5)
  expect(compareQuantiles({ quantile: 0.5 }, tied, tied, fixed)).toMatchObject({ reason: 'too-many-ties' })
})

it('winsorises both variants at common bounds', () => {
  const [a, b] = [Array.from({ length: 50 }, (_, i) => i), Array.from({ length: 50 }, (_, i) => 50 + i)]
  const { lower, upper, variants } = winsorise([a, [...b, 1_000_000]], { lower: 0.05, upper: 0.95 })
  expect([lower, upper]).toEqual([5n, 95n])
  expect(variants[0]!.filter((value) => value === 5n)).toHaveLength(6)
  expect(variants[1]!.at(-1)).toBe(95n)
  expect(winsorise([a], { upper: 0.5 })).toMatchObject({ lower: null, upper: 24n })
  expect(() => winsorise([a], { lower: 0.9, upper: 0.1 })).toThrow(/must be below/)
})
