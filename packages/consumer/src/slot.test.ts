import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { slotOf, SLOTS } from './index.ts'
import { holderOf, shareOf } from './membership.ts'

const vectors = JSON.parse(readFileSync(new URL('../../../spec/cases/slots.json', import.meta.url), 'utf8')) as {
  slots: number
  cases: { key: string; slot: number }[]
}

it.each(vectors.cases)('puts the key $key into slot $slot, as every other reader does', ({ key, slot }) => {
  expect(slotOf(key)).toBe(slot)
})

it('has the number of slots that the spec says', () => expect(SLOTS).toBe(vectors.slots))

it('gives ASCII the same slot by the short way as by its bytes', () => {
  const byBytes = (key: string): number => {
    let hash = 0x811c9dc5n
    for (const byte of new TextEncoder().encode(key)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn
    hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & 0xffffffffn
    hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & 0xffffffffn
    return Number((hash ^ (hash >> 16n)) & 1023n)
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (key) => slotOf(key) === byBytes(key)))
})

it('spreads streams evenly over slots and over few partitions', () => {
  const counts = new Uint32Array(SLOTS)
  for (let i = 0; i < 102_400; i++) counts[slotOf(`order-${i}`)]! += 1
  // 100 a slot on average; 5.5 standard deviations of a Poisson count either way.
  expect(Math.min(...counts)).toBeGreaterThan(45)
  expect(Math.max(...counts)).toBeLessThan(155)
})

const memberNames = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 })

it('gives each slot to exactly one member, whatever the order of the list', () => {
  fc.assert(
    fc.property(memberNames, (members) => {
      const shares = members.map((member) => shareOf(member, members, 'key'))
      const all = new Set(shares.flatMap((share) => [...share]))
      return (
        shares.reduce((sum, share) => sum + share.size, 0) === SLOTS &&
        all.size === SLOTS &&
        holderOf(7, members) === holderOf(7, [...members].reverse())
      )
    }),
    { numRuns: 30 },
  )
})

it('moves only the share of the member that left', () => {
  fc.assert(
    fc.property(memberNames, (members) => {
      const [gone, ...others] = members
      for (let slot = 0; slot < SLOTS; slot++) {
        const before = holderOf(slot, members)
        if (before !== gone && holderOf(slot, others) !== before) return false
      }
      return true
    }),
    { numRuns: 30 },
  )
})

it('gives all slots to one member where the order of the whole log counts', () => {
  const sizes = ['a', 'b', 'c'].map((member) => shareOf(member, ['a', 'b', 'c'], 'log').size)
  expect([...sizes].sort()).toEqual([0, 0, SLOTS])
})
