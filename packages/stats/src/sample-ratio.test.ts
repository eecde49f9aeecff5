import { expect, it } from 'vitest'
import { random, sampleRatio, type SampleRatioOptions } from './index.ts'

function p(units: number[], weights: number[], options?: SampleRatioOptions): number {
  const result = sampleRatio(
    units.map((count, i) => ({ units: count, weight: weights[i]! })),
    options,
  )
  if (result.kind !== 'computed') throw new Error(result.sentence)
  return result.p
}

it('finds the sample ratio of Cookie Cats suspicious', () => {
  expect(p([44700, 45489], [50, 50], { method: 'fixed' })).toBeCloseTo(0.0086, 4)
})

it('gives the Bayes factor of the paper: uniform prior, two variants, counted by hand', () => {
  // ∫ θ^3 (1 − θ) dθ = B(4, 2) = 1/20 against (1/2)^4.
  expect(p([3, 1], [1, 1], { concentration: 2 })).toBeCloseTo(Math.min(1, 20 / 16), 12)
  // B(11, 1) = 1/11 against (1/2)^10.
  expect(p([10, 0], [1, 1], { concentration: 2 })).toBeCloseTo(11 / 1024, 14)
})

it('may be read after every unit: 400 fair experiments of 3,000 units alarm no more often than α', () => {
  const { below } = random(7)
  let [alarms, alarmsOfChi] = [0, 0]
  for (let run = 0; run < 400; run++) {
    const units = [0, 0, 0]
    let [alarmed, chi] = [false, false]
    for (let unit = 1; unit <= 3000; unit++) {
      units[[0, 0, 1, 2][below(4)]!]! += 1
      if (unit % 5 !== 0) continue
      alarmed ||= p(units, [2, 1, 1]) <= 0.05
      chi ||= unit > 100 && p(units, [2, 1, 1], { method: 'fixed' }) <= 0.05
    }
    alarms += Number(alarmed)
    alarmsOfChi += Number(chi)
  }
  expect(alarms).toBeLessThanOrEqual(20)
  expect(alarmsOfChi).toBeGreaterThan(60)
})

it('finds a leak of 48/52 within 30,000 units, 95 times of 100', () => {
  const { uniform } = random(11)
  const found = Array.from({ length: 100 }, () => {
    const units = [0, 0]
    for (let unit = 0; unit < 30_000; unit++) units[uniform() < 0.48 ? 0 : 1]! += 1
    return p(units, [1, 1]) <= 0.001
  })
  expect(found.filter(Boolean).length).toBeGreaterThanOrEqual(95)
})

it('refuses what is no split', () => {
  expect(() => sampleRatio([{ units: 3, weight: 1 }])).toThrow(/two variants/)
  expect(() =>
    sampleRatio([
      { units: 3, weight: 1 },
      { units: 3, weight: 0 },
    ]),
  ).toThrow(expect.objectContaining({ code: 'HW_IMPOSSIBLE_OPTION' }))
  expect(
    sampleRatio([
      { units: 0n, weight: 1 },
      { units: 0n, weight: 1 },
    ]),
  ).toMatchObject({ reason: 'too-few-units' })
})
