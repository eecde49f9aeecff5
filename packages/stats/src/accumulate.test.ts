import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addUnits, compare, merge, noUnits, sumsFromJson, sumsToJson, type MeanUnit, type RatioUnit } from './index.ts'

const integer = fc.oneof(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.maxSafeInteger())
const meanUnit: fc.Arbitrary<MeanUnit> = fc.record({ value: integer, before: integer })
const pair = fc.record({ y: integer, x: integer })
const ratioUnit: fc.Arbitrary<RatioUnit> = fc.record({ y: integer, x: integer, before: pair })

const kinds = [
  { name: 'proportion', none: noUnits({ kind: 'proportion' }), unit: fc.boolean() },
  { name: 'mean', none: noUnits({ kind: 'mean', scale: 100 }), unit: integer },
  { name: 'mean with covariate', none: noUnits({ kind: 'mean', before: true }), unit: meanUnit },
  { name: 'ratio', none: noUnits({ kind: 'ratio', scales: [100, 1] }), unit: pair },
  { name: 'ratio with covariate', none: noUnits({ kind: 'ratio', before: true }), unit: ratioUnit },
] as { name: string; none: any; unit: fc.Arbitrary<any> }[]

it.each(kinds)('$name: sums do not depend on order or batch size', ({ none, unit }) => {
  const shuffled = fc
    .array(unit, { maxLength: 40 })
    .chain((units) =>
      fc.tuple(
        fc.constant(units),
        fc.shuffledSubarray(units, { minLength: units.length }),
        fc.integer({ min: 1, max: 9 }),
      ),
    )
  fc.assert(
    fc.property(shuffled, ([units, others, batch]) => {
      let byBatch = none
      for (let from = 0; from < others.length; from += batch)
        byBatch = merge(addUnits(none, others.slice(from, from + batch)), byBatch)
      expect(byBatch).toEqual(addUnits(none, units))
    }),
  )
})

it.each(kinds)('$name: merge is associative, commutative and has a zero', ({ none, unit }) => {
  const sums = fc.array(unit, { maxLength: 10 }).map((units) => addUnits(none, units))
  fc.assert(
    fc.property(sums, sums, sums, (a, b, c) => {
      expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)))
      expect(merge(a, b)).toEqual(merge(b, a))
      expect(merge(a, none)).toEqual(a)
    }),
  )
})

it.each(kinds)('$name: survives JSON, and equal sums give equal bytes', ({ none, unit }) => {
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 10 }), (units) => {
      const text = JSON.stringify(sumsToJson(addUnits(none, units)))
      expect(sumsFromJson(JSON.parse(text))).toEqual(addUnits(none, units))
      expect(JSON.stringify(sumsToJson(addUnits(none, [...units].reverse())))).toBe(text)
    }),
  )
})

it.each(kinds)('$name: a comparison has the same bits whatever the way its sums came together', ({ none, unit }) => {
  const units = fc.array(unit, { minLength: 4, maxLength: 20 })
  fc.assert(
    fc.property(units, units, (control, treatment) => {
      const method = { method: { kind: 'fixed' } } as const
      const straight = compare(addUnits(none, control), addUnits(none, treatment), method)
      const half = Math.floor(control.length / 2)
      const merged = merge(addUnits(none, control.slice(half)), addUnits(none, control.slice(0, half)))
      expect(JSON.stringify(compare(merged, addUnits(none, [...treatment].reverse()), method))).toBe(
        JSON.stringify(straight),
      )
    }),
  )
})

it('leaves the sums it adds to as they were', () => {
  const none = noUnits({ kind: 'ratio', before: true })
  addUnits(none, [{ y: 1, x: 1, before: { y: 1, x: 1 } }])
  expect(none).toEqual(noUnits({ kind: 'ratio', before: true }))
})

it('refuses what would make sums wrong', () => {
  const mean = noUnits({ kind: 'mean', scale: 100 })
  expect(() => addUnits(mean, [1.5])).toThrow(/safe integer or a bigint, in the metric's scale; it is 1.5/)
  expect(() => addUnits(mean, [2 ** 53])).toThrow(expect.objectContaining({ code: 'HW_NOT_AN_INTEGER' }))
  expect(() => addUnits(mean, [{ value: 1, before: 2 }])).toThrow(/before: true/)
  expect(() => addUnits(noUnits({ kind: 'mean', before: true }), [1])).toThrow(/give 0 for a unit that did nothing/)
  expect(() => merge(mean, noUnits({ kind: 'mean', scale: 1 }))).toThrow(/scale is 100 here and 1 there/)
  expect(() => merge(mean, noUnits({ kind: 'mean', scale: 100, before: true }))).toThrow(
    /before is not kept here and kept there/,
  )
  expect(() => merge<any>(mean, noUnits({ kind: 'proportion' }))).toThrow(
    expect.objectContaining({ code: 'HW_UNLIKE_SUMS' }),
  )
  expect(() => noUnits({ kind: 'mean', scale: 0.5 })).toThrow(/A scale is how many integers make one/)
  expect(() => sumsFromJson({ kind: 'mean', scale: 1, n: '3', sum: 'x', sumSquares: '1' })).toThrow(
    /decimal text, got "x"/,
  )
  expect(() => sumsFromJson({ kind: 'median' })).toThrow(expect.objectContaining({ code: 'HW_IMPOSSIBLE_SUMS' }))
  expect(() => sumsFromJson(null)).toThrow(expect.objectContaining({ code: 'HW_IMPOSSIBLE_SUMS' }))
})
