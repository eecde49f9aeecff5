import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  addUnits,
  beta,
  chiSquare,
  compare,
  compareQuantiles,
  correct,
  engine,
  forecast,
  gamma,
  judge,
  minimalEffect,
  noUnits,
  normal,
  power,
  random,
  sampleRatio,
  studentT,
  sumsToJson,
  unitsNeeded,
  winsorise,
  type Claim,
  type CompareOptions,
  type Plan,
  type Shape,
  type Sums,
} from './index.ts'

const golden = new URL('../golden/results.json', import.meta.url)

const shapes: Shape[] = [
  { kind: 'proportion' },
  { kind: 'mean', scale: 100 },
  { kind: 'mean', before: true },
  { kind: 'ratio', scales: [100, 1] },
  { kind: 'ratio', before: true },
]

function drawn(shape: Shape, seed: number, n: number): Sums {
  const { below, normal, uniform } = random(seed)
  const unit = () => {
    const x = 1 + below(5)
    const y = below(1000) * x + Math.floor(100 * normal()) + 30 * seed
    if (shape.kind === 'proportion') return uniform() < 0.2 + 0.01 * seed
    if (shape.kind === 'mean') return shape.before === true ? { value: y, before: y - below(700) } : y
    return shape.before === true ? { y, x, before: { y: y - below(300), x: 1 + below(3) } } : { y, x }
  }
  return addUnits<any>(noUnits(shape), Array.from({ length: n }, unit))
}

const methods: CompareOptions['method'][] = [
  { kind: 'sequence' },
  { kind: 'sequence', tightestAt: 300 },
  { kind: 'mixture', plausible: 0.5 },
  { kind: 'fixed' },
]
const claims: Claim[] = [
  { claim: 'superior', better: 'higher' },
  { claim: 'superior', better: 'lower', margin: 0.01 },
  { claim: 'not-inferior', better: 'higher', margin: 0.05, on: 'lift' },
]

function* comparisons() {
  for (const shape of shapes) {
    const [control, treatment] = [drawn(shape, 1, 400), drawn(shape, 4, 500)]
    yield { shape, control: sumsToJson(control), treatment: sumsToJson(treatment) }
    for (const method of methods)
      for (const alternative of ['different', 'higher', 'lower'] as const)
        for (const lift of ['fieller', 'delta'] as const) {
          const options = { method: method!, alternative, lift, alpha: alternative === 'higher' ? 0.01 : 0.05 }
          const result = compare(control, treatment, options)
          const verdicts = result.kind === 'computed' ? claims.map((claim) => judge(result, claim)) : []
          yield { compare: shape, options, result, verdicts }
        }
  }
}

function* plans() {
  for (const shape of shapes)
    for (const method of methods) {
      const plan: Plan = { baseline: drawn(shape, 2, 300), method: method!, shares: [2, 1] }
      yield { plan: { shape, method }, needed: unitsNeeded(plan, { lift: 0.1 }), minimal: minimalEffect(plan, 9000) }
      yield {
        power: power(plan, { lift: 0.1 }, 4000),
        forecast: forecast(plan, { lift: 0.1 }, { perDay: [90, 110, 70], windowDays: 7 }),
      }
    }
}

function* others() {
  const { below, uniform, normal: drawNormal } = random(99)
  const values = [0, 1].map((shift) => Array.from({ length: 500 }, () => below(10_000) + 500 * shift))
  for (const quantile of [0.1, 0.5, 0.95])
    yield { quantile, result: compareQuantiles({ quantile, scale: 100 }, values[0]!, values[1]!) }
  yield { winsorised: winsorise([values[0]!.slice(0, 20), values[1]!.slice(0, 20)], { lower: 0.1, upper: 0.9 }) }
  for (const method of ['sequence', 'fixed'] as const)
    yield {
      sampleRatio: method,
      result: sampleRatio(
        [
          { units: 5210, weight: 2 },
          { units: 2390n, weight: 1 },
        ],
        { method },
      ),
    }
  for (const correction of ['bonferroni', 'holm', 'benjamini-hochberg'] as const)
    yield { correction, result: correct([0.011, 0.3, 0.0004, 0.04], correction) }
  yield { random: Array.from({ length: 20 }, () => [uniform(), drawNormal(), below(100)]) }
}

function* distributions() {
  for (const q of [1e-12, 0.001, 0.025, 0.3, 0.8])
    yield {
      q,
      normal: normal.upperQuantile(q),
      t: [1, 7.5, 300, 1e5].map((df) => [
        studentT.upperQuantile(q, df),
        studentT.upper(3, df),
        studentT.density(3, df),
      ]),
      gamma: [0.3, 4, 900].map((a) => [gamma.upperQuantile(q, a), gamma.cdf(a / 2, a)]),
      chiSquare: [1, 12].map((df) => [chiSquare.upperQuantile(q, df), chiSquare.upper(9, df)]),
      beta: [
        [0.5, 2],
        [30, 70],
      ].map(([a, b]) => [beta.quantile(q, a!, b!), beta.upper(0.4, a!, b!)]),
    }
}

it('gives the same bytes on every Node', () => {
  const lines = [{ engine }, ...comparisons(), ...plans(), ...others(), ...distributions()].map((line) =>
    JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? value.toString() : value)),
  )
  const text = `[\n${lines.join(',\n')}\n]\n`
  // To accept a change on purpose and raise `engine`: UPDATE_GOLDEN=1.
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, text)
  expect(lines.length).toBeGreaterThan(150)
  const kept = readFileSync(golden, 'utf8').split('\n')
  // One line of difference is enough to read.
  const at = text.split('\n').findIndex((line, i) => line !== kept[i])
  expect(text.split('\n')[at]).toBe(kept[at])
  expect(text).toHaveLength(kept.join('\n').length)
})
