import { describe, expect, it } from 'vitest'
import { decidedByPeople } from './index.ts'
import { leftBehind, removal } from './removal.ts'

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

describe('removal', () => {
  const icons = decidedByPeople('new-icon', {
    hypothesis: 'Customers find their pots faster.',
    lookAt: 'What the help desk hears.',
    lookOn: '2026-12-01',
    adds: { services: ['icons'], consumers: ['draw-icons'], topics: ['icons.Drawn'] },
  })
  const present = { services: ['pots', 'icons'], consumers: ['draw-icons'], topics: [], screens: [] }
  const on = { decided: true, present, readers: {}, code: [] }

  it('lists what the experiment added and is still there', () => {
    expect(removal(icons, on)).toMatchObject({ kind: 'ready', goes: ['service icons', 'consumer draw-icons'] })
  })
  it('is refused while somebody outside reads what would go; readers that go too do not count', () => {
    const read = (...readers: string[]) => removal(icons, { ...on, readers: { icons: readers } })
    expect(read('draw-icons').kind).toBe('ready')
    expect(read('draw-icons', 'insights')).toMatchObject({
      kind: 'refused',
      code: 'still-read',
      sentence: expect.stringContaining('insights'),
    })
  })
  it('comes after the decision', () => {
    expect(removal(icons, { ...on, decided: false })).toMatchObject({ kind: 'refused', code: 'not-decided' })
  })
})
