import { describe, expect, it } from 'vitest'
import { leftBehind } from './left-behind.ts'

const pots = `export const roundUps = experiment('round-ups', {
  unit: 'customerId',
})
const up = variant(roundUps, pot.customerId) === 'rounded'
const roundUpsSeen = 1`

describe('code of a decided experiment', () => {
  it('is found where it is declared and used, by file and line, and nowhere else', () => {
    const sources = [
      { path: 'pots.ts', text: pots },
      { path: 'page.ts', text: `import { roundUps } from './pots.ts'\nshow(other.roundUps)\nflag("round-ups")` },
    ]
    const found = leftBehind('round-ups', sources).map(({ path, line }) => `${path}:${line}`)
    expect(found).toEqual(['pots.ts:1', 'pots.ts:4', 'page.ts:1', 'page.ts:3'])
  })
  it('is not there once it was removed', () => {
    expect(leftBehind('round-ups', [{ path: 'pots.ts', text: 'const up = true' }])).toEqual([])
  })
})
