import { expect, it } from 'vitest'
import { correct } from './index.ts'

const adjusted = (ps: number[], how: Parameters<typeof correct>[1]) =>
  correct(ps, how).map((one) => Number(one.adjusted.toFixed(10)))

it('agrees with p.adjust of R', () => {
  const ps = [0.01, 0.04, 0.03, 0.005, 0.5]
  expect(adjusted(ps, 'bonferroni')).toEqual([0.05, 0.2, 0.15, 0.025, 1])
  expect(adjusted(ps, 'holm')).toEqual([0.04, 0.09, 0.09, 0.025, 0.5])
  expect(adjusted(ps, 'benjamini-hochberg')).toEqual([0.025, 0.05, 0.05, 0.025, 0.5])
})

it('rejects in the example of Benjamini & Hochberg 1995 (§4.1) four by their way, three by Bonferroni', () => {
  const ps = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
  ]
  const rejected = (how: Parameters<typeof correct>[1]) => correct(ps, how).filter((one) => one.rejected).length
  expect(rejected('bonferroni')).toBe(3)
  expect(rejected('holm')).toBe(3)
  expect(rejected('benjamini-hochberg')).toBe(4)
})

it('gives each interval the level that keeps the promise of the family', () => {
  const ps = [0.001, 0.02, 0.9, 0.8]
  expect(correct(ps, 'bonferroni').map((one) => one.intervalAlpha)).toEqual([0.0125, 0.0125, 0.0125, 0.0125])
  expect(correct(ps, 'benjamini-hochberg').map((one) => one.intervalAlpha)).toEqual([0.025, 0.025, null, null])
  expect(correct([0.7], 'benjamini-hochberg').map((one) => one.intervalAlpha)).toEqual([null])
  expect(correct([], 'holm')).toEqual([])
})

it('does not depend on the order of equal p-values, and refuses what is none', () => {
  expect(adjusted([0.02, 0.02, 0.02], 'holm')).toEqual([0.06, 0.06, 0.06])
  expect(adjusted([0.02, 0.02, 0.02], 'benjamini-hochberg')).toEqual([0.02, 0.02, 0.02])
  expect(() => correct([1.2], 'holm')).toThrow(/this one is 1.2/)
})
