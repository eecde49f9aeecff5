import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { exp, log, log1p } from '../exponential.ts'
import { beta } from './beta.ts'
import { chiSquare, gamma } from './gamma.ts'
import { normal } from './normal.ts'
import { logGamma } from './stirling.ts'
import { studentT } from './student-t.ts'

/** Values to 25 digits by mpmath; see golden/distributions.py. */
const reference: Record<string, (number | string)[][]> = JSON.parse(
  readFileSync(new URL('../../golden/distributions.json', import.meta.url), 'utf8'),
)

const relativeError = (got: number, wanted: number) =>
  got === wanted ? 0 : Math.abs(got - wanted) / Math.max(Math.abs(wanted), 5e-324)

/** Cases whose relative error is above the bound, so that a failure names them. */
function beyond(bound: number, name: string, check: (values: number[]) => [got: number, wanted: number][]): string[] {
  expect(reference[name]!.length).toBeGreaterThan(7)
  return reference[name]!.flatMap((row) =>
    check(row.map(Number))
      .filter(([got, wanted]) => !(relativeError(got, wanted) <= bound))
      .map(
        ([got, wanted]) =>
          `${name}(${row.join(', ')}): got ${got}, wanted ${wanted}: off by ${relativeError(got, wanted)}`,
      ),
  )
}

it('has its own exp and log, to the last bits', () => {
  expect(beyond(3e-16, 'exp', ([x, y]) => (y! < 1e-307 ? [] : [[exp(x!), y!]]))).toEqual([])
  expect(beyond(3e-16, 'log', ([x, y]) => [[log(x!), y!]])).toEqual([])
  expect(beyond(5e-16, 'log1p', ([x, y]) => [[log1p(x!), y!]])).toEqual([])
  expect(exp(-744.5)).toBe(5e-324)
  expect([exp(800), exp(-800), log(0), log(-1), log(Infinity)]).toEqual([Infinity, 0, -Infinity, NaN, Infinity])
})

it('gives log gamma', () => {
  expect(beyond(1e-13, 'logGamma', ([x, y]) => [[logGamma(x!), y!]])).toEqual([])
})

it('gives normal tails to 1e-12 of themselves', () => {
  expect(
    beyond(1e-12, 'normal', ([z, q]) => [
      [normal.upper(z!), q!],
      [normal.cdf(-z!), q!],
    ]),
  ).toEqual([])
})

it('gives both tails of gamma and χ²', () => {
  expect(
    beyond(1e-12, 'gamma', ([x, a, p, q]) => [
      [gamma.cdf(x!, a!), p!],
      [gamma.upper(x!, a!), q!],
      [chiSquare.upper(2 * x!, 2 * a!), q!],
    ]),
  ).toEqual([])
})

it('gives both tails of beta', () => {
  expect(
    beyond(1e-12, 'beta', ([x, a, b, p, q]) => [
      [beta.cdf(x!, a!, b!), p!],
      [beta.upper(x!, a!, b!), q!],
    ]),
  ).toEqual([])
})

it('gives tails of t, also for very many degrees of freedom', () => {
  expect(beyond(1e-12, 'studentT', ([t, df, q]) => [[studentT.upper(t!, df!), q!]])).toEqual([])
})

it('inverts every tail', () => {
  const tails = [1e-40, 1e-12, 0.00135, 0.025, 0.3, 0.5, 0.7, 0.975]
  const roundTrips = tails.flatMap((q) => [
    [`normal ${q}`, normal.upper(normal.upperQuantile(q)), q],
    ...[1, 2.5, 30, 5000, 1e8].map((df) => [`t ${q} ${df}`, studentT.upper(studentT.upperQuantile(q, df), df), q]),
    ...[0.2, 0.5, 3, 400, 1e5].flatMap((a) => [
      [`gamma ${q} ${a}`, gamma.upper(gamma.upperQuantile(q, a), a), q],
      [`gamma lower ${q} ${a}`, gamma.cdf(gamma.quantile(q, a), a), q],
    ]),
    ...[
      [0.5, 0.5],
      [2, 5],
      [300, 20],
      [1e4, 2e4],
    ].map(([a, b]) => [`beta ${q} ${a} ${b}`, beta.cdf(beta.quantile(q, a!, b!), a!, b!), q]),
  ]) as [string, number, number][]
  // A quantile right to 1e-12 is a tail right to 1e-12 × |d log tail / d log x|, a few thousand for the steepest here.
  expect(roundTrips.filter(([, got, wanted]) => !(relativeError(got, wanted) < 5e-12))).toEqual([])
})

it('agrees with published quantiles', () => {
  expect(normal.upperQuantile(0.025)).toBeCloseTo(1.959963984540054, 14)
  expect(studentT.upperQuantile(0.025, 1e8)).toBeCloseTo(1.95996400824, 10)
  expect(studentT.quantile(0.975, 10)).toBeCloseTo(2.22813885198627, 13)
  expect(chiSquare.upperQuantile(0.05, 1)).toBeCloseTo(3.841458820694124, 13)
  expect(beta.quantile(0.5, 2, 5)).toBeCloseTo(0.26444998329566, 13)
})
