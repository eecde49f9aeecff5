import { expect, it } from 'vitest'
import {
  addUnits,
  compare,
  compareQuantiles,
  forecast,
  judge,
  merge,
  noUnits,
  random,
  type CompareOptions,
  type Comparison,
  type Random,
  type Sums,
} from './index.ts'

/** Long forms of these, through the rule's own code, are `npm run guarantees -- decisions`. */
const runs = 200
const looks = 20
const batch = 100

interface Metric {
  readonly name: string
  readonly none: Sums
  /** One unit; `moved` is the true effect. */
  readonly draw: (random: Random, moved: number) => any
  /** In the unit of the metric, of `moved` = 1. */
  readonly effect: number
}

const metrics: Metric[] = [
  {
    name: 'proportion',
    none: noUnits({ kind: 'proportion' }),
    draw: ({ uniform }, moved) => uniform() < 0.1 + moved * 0.02,
    effect: 0.02,
  },
  {
    name: 'mean with a heavy tail',
    none: noUnits({ kind: 'mean', scale: 100 }),
    draw: ({ uniform }, moved) => Math.floor(100 / Math.sqrt(Math.sqrt(uniform()))) + moved * 10,
    effect: 0.1,
  },
  {
    name: 'mean with a covariate',
    none: noUnits({ kind: 'mean', before: true }),
    draw: ({ normal }, moved) => {
      const before = Math.round(100 * normal())
      return { value: before + Math.round(30 * normal()) + moved * 5, before }
    },
    effect: 5,
  },
  {
    name: 'ratio',
    none: noUnits({ kind: 'ratio' }),
    draw: ({ below, normal }, moved) => {
      const x = 1 + below(4)
      return { y: Math.round(x * (500 + 100 * normal()) + moved * x * 20), x }
    },
    effect: 20,
  },
]

/** Every look of one experiment, half the units in each variant. */
function* experiment(metric: Metric, moved: number, seed: number, treated = 0.5): Generator<[Sums, Sums]> {
  const { none, draw } = metric
  const source = random(seed)
  let [control, treatment] = [none, none]
  const units = (share: number, effect: number) =>
    addUnits(
      none,
      Array.from({ length: Math.round(batch * share) }, () => draw(source, effect)),
    )
  for (let look = 0; look < looks; look++) {
    control = merge(control, units(1 - treated, 0))
    treatment = merge(treatment, units(treated, moved))
    yield [control, treatment]
  }
}

function shareOfRuns(
  metric: Metric,
  moved: number,
  options: CompareOptions,
  event: (result: Comparison) => boolean,
  treated = 0.5,
): number {
  let count = 0
  for (let run = 0; run < runs; run++)
    for (const [control, treatment] of experiment(metric, moved, run, treated)) {
      const result = compare(control, treatment, options)
      if (result.kind !== 'computed' || !event(result)) continue
      count++
      break
    }
  return count / runs
}

/** α = 0.05 and 2.5 standard deviations of a simulation of this length. */
const bound = 0.05 + 2.5 * Math.sqrt((0.05 * 0.95) / runs)
const sequence: CompareOptions = { method: { kind: 'sequence', tightestAt: 1000 } }

it.each(metrics)('$name: a sequence looked at 20 times is wrong no more often than α', (metric) => {
  expect(shareOfRuns(metric, 0, sequence, ({ difference }) => difference.p <= 0.05)).toBeLessThan(bound)
})

it.each(metrics)('$name: the true effect stays inside at every look', (metric) => {
  const outside = ({ difference }: Comparison) => difference.lower! > metric.effect || difference.upper! < metric.effect
  expect(shareOfRuns(metric, 1, sequence, outside)).toBeLessThan(bound)
})

it('does not trust a small variant that has not seen the rare values yet: 5 % of the units in treatment', () => {
  const rare: Metric = {
    name: 'rare',
    none: noUnits({ kind: 'proportion' }),
    draw: ({ uniform }) => uniform() < 0.005,
    effect: 0,
  }
  const options: CompareOptions = { method: { kind: 'sequence', tightestAt: 300 }, alternative: 'lower' }
  for (const metric of [rare, metrics[1]!])
    expect(shareOfRuns(metric, 0, options, ({ difference }) => difference.p <= 0.05, 0.05)).toBeLessThan(bound)
})

it.each([0.5, 0.1])(
  'calls a rare harm at its margin safe no more often than α/2, %d of the units in treatment',
  (treated) => {
    // Control one of a thousand, treatment eleven: exactly the percentage point that it may rise.
    let safe = 0
    for (let run = 0; run < runs; run++) {
      const { uniform } = random(run)
      let [control, treatment] = [noUnits({ kind: 'proportion' }), noUnits({ kind: 'proportion' })]
      for (let look = 0; look < 40; look++) {
        const units = (share: number, rate: number) => Array.from({ length: 100 * share }, () => uniform() < rate)
        control = addUnits(control, units(1 - treated, 0.001))
        treatment = addUnits(treatment, units(treated, 0.011))
        const result = compare(control, treatment, { method: { kind: 'sequence', from: 250 * treated } })
        if (result.kind !== 'computed') continue
        const verdict = judge(result, { claim: 'not-inferior', better: 'lower', margin: 0.01 })
        if (verdict.kind !== 'computed' || verdict.holds !== 'yes') continue
        safe++
        break
      }
    }
    expect(safe / runs).toBeLessThan(0.025 + 2.5 * Math.sqrt((0.025 * 0.975) / runs))
  },
)

it('one-sided and mixture intervals may be looked at as well, a fixed one may not', () => {
  const metric = metrics[0]!
  const wrong = (options: CompareOptions) => shareOfRuns(metric, 0, options, ({ difference }) => difference.p <= 0.05)
  expect(wrong({ ...sequence, alternative: 'higher' })).toBeLessThan(bound)
  expect(wrong({ method: { kind: 'mixture', plausible: 0.03 } })).toBeLessThan(bound)
  expect(wrong({ method: { kind: 'fixed' } })).toBeGreaterThan(0.2)
})

it('a fixed interval looked at once covers the truth as often as it says', () => {
  for (const metric of metrics.filter(({ name }) => name !== 'mean with a heavy tail')) {
    let covered = 0
    for (let run = 0; run < runs; run++) {
      const source = random(run)
      const [control, treatment] = [0, 1].map((moved) =>
        addUnits(
          metric.none,
          Array.from({ length: 300 }, () => metric.draw(source, moved)),
        ),
      )
      const { difference } = compare(control!, treatment!, { method: { kind: 'fixed' } }) as Comparison
      covered += Number(difference.lower! <= metric.effect && metric.effect <= difference.upper!)
    }
    expect(covered / runs).toBeGreaterThan(0.95 - 2.5 * Math.sqrt((0.05 * 0.95) / runs))
  }
})

it('a quantile may be looked at as often as one likes', () => {
  let wrong = 0
  for (let run = 0; run < 100; run++) {
    const { normal } = random(run)
    const [control, treatment]: number[][] = [[], []]
    for (let look = 0; look < 10; look++) {
      for (let unit = 0; unit < 100; unit++) {
        control!.push(Math.round(1000 * normal()))
        treatment!.push(Math.round(1000 * normal()))
      }
      const result = compareQuantiles({ quantile: 0.8 }, control!, treatment!, sequence)
      if (result.kind !== 'computed' || result.difference.p > 0.05) continue
      wrong++
      break
    }
  }
  expect(wrong).toBeLessThanOrEqual(10)
})

it.each([0.5, 0.48, 0.3])('a median of counts alarms no more often than α where %d of the units have none', (zero) => {
  let wrong = 0
  for (let run = 0; run < 100; run++) {
    const { uniform } = random(run)
    const count = () => Math.floor(Math.log(uniform()) / Math.log(1 - zero))
    const [control, treatment]: number[][] = [[], []]
    for (let look = 0; look < 30; look++) {
      for (let unit = 0; unit < 100; unit++) {
        control!.push(count())
        treatment!.push(count())
      }
      const result = compareQuantiles({ quantile: 0.5 }, control!, treatment!, sequence)
      if (result.kind !== 'computed' || result.difference.p > 0.05) continue
      wrong++
      break
    }
  }
  expect(wrong).toBeLessThanOrEqual(10)
})

it('a forecast day is kept: by then the stated effect has been seen about as often as the power says, and not before', () => {
  const baseline = { kind: 'proportion', n: 1000n, successes: 300n } as const
  const plan = { baseline, method: { kind: 'sequence' } } as const
  const expected = forecast(plan, { difference: 0.08 }, { perDay: 100 })
  if (expected.kind !== 'computed') throw new Error(expected.sentence)
  const options: CompareOptions = { method: { kind: 'sequence', tightestAt: expected.units } }
  const seenOn: number[] = []
  for (let run = 0; run < runs; run++) {
    const { uniform } = random(run)
    let [control, treatment] = [0n, 0n]
    for (let day = 1; day <= expected.days; day++) {
      for (let unit = 0; unit < 50; unit++) {
        if (uniform() < 0.3) control += 1n
        if (uniform() < 0.38) treatment += 1n
      }
      const n = BigInt(50 * day)
      const result = compare({ ...baseline, n, successes: control }, { ...baseline, n, successes: treatment }, options)
      if (result.kind !== 'computed' || result.difference.p > 0.05) continue
      seenOn.push(day)
      break
    }
  }
  expect(seenOn.length / runs).toBeGreaterThan(0.75)
  expect(seenOn.length / runs).toBeLessThan(0.92)
})
