// An A/B test whose sums come from any warehouse: was it split fairly, may it stop, and how long should the next one run?
import { compare, forecast, judge, sampleRatio, sumsFromJson, type MeanSums } from '@headwater/stats'

// select variant, count(*) as n, sum(pence) as "sum", sum(pence * pence) as "sumSquares" from savings group by variant
const rows = [
  { variant: 'plain', n: '41210', sum: '102934411', sumSquares: '831293847123' },
  { variant: 'rounded', n: '41388', sum: '110293847', sumSquares: '899120381233' },
]
const [plain, rounded] = rows.map((row) => sumsFromJson({ kind: 'mean', scale: 100, ...row }) as MeanSums)
if (plain === undefined || rounded === undefined) throw new Error('Two variants are needed.')

const split = sampleRatio([
  { units: plain.n, weight: 50 },
  { units: rounded.n, weight: 50 },
])
console.log('split:', split.kind === 'computed' ? (split.mismatch ? 'leaks' : 'fair') : split.sentence)

const result = compare(plain, rounded, { method: { kind: 'sequence', tightestAt: 80_000 } })
if (result.kind === 'cannot-compute') throw new Error(result.sentence)
const { lift } = result
if (lift.kind === 'computed')
  console.log(`lift: ${percent(lift.estimate)} (${percent(lift.lower)} to ${percent(lift.upper)}), valid at every look`)

const verdict = judge(result, { claim: 'superior', better: 'higher' })
console.log('more savings:', verdict.kind === 'computed' ? verdict.holds : verdict.sentence)

const next = forecast({ baseline: rounded }, { lift: 0.02 }, { perDay: 3000, windowDays: 28 })
console.log('a further 2 %:', next.kind === 'computed' ? `seen in ${next.days} days` : next.sentence)

function percent(share: number | null): string {
  return share === null ? 'unbounded' : `${(100 * share).toFixed(1)} %`
}
