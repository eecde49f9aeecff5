import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Allocation } from './allocation.ts'
import { assign } from './assign.ts'
import { bucketOf, fnv32a, seedHash } from './fnv.ts'

const allocation = (change: Partial<Allocation> = {}): Allocation => ({
  experiment: 'round-ups',
  version: 1,
  seal: 'x',
  control: 'plain',
  seed: 'round-ups',
  variants: { plain: 50, rounded: 50 },
  ...change,
})
const units = Array.from({ length: 20_000 }, (_, i) => `customer-${i}`)
const shareOf = (of: Allocation, pick: (a: ReturnType<typeof assign>) => boolean) =>
  units.filter((unit) => pick(assign(of, unit))).length / units.length

describe('hashing', () => {
  it('is FNV-1a, 32 bit, and GrowthBook version 2', () => {
    // Vectors of the FNV draft (Noll), and of GrowthBook's cases.json (seed, value → n).
    expect([fnv32a(''), fnv32a('a'), fnv32a('foobar')]).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968])
    expect([bucketOf(seedHash('seed'), 'a'), bucketOf(seedHash('seed'), 'b'), bucketOf(seedHash('foo'), 'ab')]).toEqual(
      [505, 2696, 2575],
    )
  })

  it('hashes the decimal text of the first hash, whatever its length', () => {
    const text = (seed: string, unit: string) => fnv32a(String(fnv32a(seed + unit))) % 10_000
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[!-~]{1,40}$/), (seed, unit) => {
        expect(bucketOf(seedHash(seed), unit)).toBe(text(seed, unit))
      }),
      { numRuns: 2000 },
    )
  })

  it.each(['', 'zoë', 'a b', 'x'.repeat(129), 'a\n', undefined as unknown as string])(
    'refuses the unit id %j',
    (unit) => {
      expect(() => assign(allocation(), unit)).toThrow(expect.objectContaining({ code: 'HW_UNIT_NOT_ASCII' }))
    },
  )
})

describe('assignment', () => {
  it('is the same however often it is asked, by declarations read again from JSON', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{1,40}$/), (unit) => {
        expect(assign(JSON.parse(JSON.stringify(allocation())), unit)).toEqual(assign(allocation(), unit))
      }),
    )
  })

  it('follows the weights', () => {
    const uneven = allocation({ variants: { plain: 10, rounded: 20, doubled: 70 } })
    expect(shareOf(uneven, ({ variant }) => variant === 'plain')).toBeCloseTo(0.1, 1.5)
    expect(shareOf(uneven, ({ variant }) => variant === 'doubled')).toBeCloseTo(0.7, 1.5)
  })

  it('keeps every unit in its variant while coverage grows', () => {
    const [some, all] = [allocation({ coverage: 20 }), allocation({ coverage: 80 })]
    const early = units.filter((unit) => assign(some, unit).takesPart)
    expect(early.filter((unit) => assign(all, unit).variant !== assign(some, unit).variant)).toEqual([])
    expect(early.every((unit) => assign(all, unit).takesPart)).toBe(true)
    expect(shareOf(some, ({ takesPart }) => takesPart)).toBeCloseTo(0.2, 1.5)
  })

  it('never gives a unit to two experiments of one namespace', () => {
    const part = (from: number, to: number, seed: string) =>
      allocation({ seed, namespace: { name: 'savings', from, to } })
    const [a, b] = [part(0, 50, 'a'), part(50, 100, 'b')]
    expect(units.filter((unit) => assign(a, unit).takesPart === assign(b, unit).takesPart)).toEqual([])
  })

  it('leaves the same units out of every experiment of a holdout', () => {
    const held = (seed: string) => allocation({ seed, holdout: { name: 'global', percent: 5 } })
    const out = (of: Allocation) => units.filter((unit) => assign(of, unit).because === 'held-out')
    expect(out(held('a'))).toEqual(out(held('b')))
    expect(out(held('a')).length / units.length).toBeCloseTo(0.05, 1.5)
  })

  it('sends everybody where the decision says, and exposes nobody', () => {
    const decided = allocation({ everybody: 'rounded' })
    expect(units.every((unit) => assign(decided, unit).variant === 'rounded')).toBe(true)
    expect(assign(decided, 'c1').takesPart).toBe(false)
  })

  it('asks for the attribute that decides who is eligible', () => {
    const german = allocation({ eligible: { country: ['DE', 'AT'] } })
    expect(assign(german, 'c1', { country: 'FR' })).toEqual({
      variant: 'plain',
      takesPart: false,
      because: 'not-eligible',
    })
    expect(assign(german, 'c1', { country: 'AT' }).takesPart).toBe(true)
    expect(() => assign(german, 'c1')).toThrow(/attribute "country".*\{ country \}/)
  })
})
