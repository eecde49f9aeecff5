import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fraction, nearest } from './fraction.ts'

it('rounds to the nearest double, as division of doubles does where both are exact', () => {
  const safe = fc.maxSafeInteger()
  fc.assert(
    fc.property(
      safe,
      fc.maxSafeInteger().filter((n) => n !== 0),
      (over, under) => {
        expect(nearest(fraction(BigInt(over), BigInt(under)))).toBe(over / under === 0 ? 0 : over / under)
      },
    ),
    { numRuns: 2000 },
  )
})

it('does not depend on common factors, however long', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.bigInt({ min: 1n, max: 2n ** 60n }),
      fc.bigInt({ min: 1n, max: 2n ** 900n }),
      (over, under, factor) => {
        expect(nearest(fraction(BigInt(over) * factor, under * factor))).toBe(nearest(fraction(BigInt(over), under)))
      },
    ),
  )
})

it('rounds ties to even and uses every bit below them', () => {
  const half = 2n ** 53n
  expect(nearest(fraction(half + 1n, 1n))).toBe(2 ** 53)
  expect(nearest(fraction((half + 1n) * 2n ** 200n + 1n, 2n ** 200n))).toBe(2 ** 53 + 2)
  expect(nearest(fraction(-1n, 3n))).toBe(-1 / 3)
  expect(nearest(fraction(10n ** 300n, 1n))).toBe(1e300)
  expect(nearest(fraction(1n, 10n ** 300n))).toBe(1e-300)
})
