import { InvalidStatistics } from './invalid.ts'
import type {
  Integer,
  MeanSums,
  MeanUnit,
  ProportionSums,
  RatioCovariate,
  RatioSums,
  RatioUnit,
  Shape,
  Sums,
  SumsOf,
  UnitOf,
} from './sums.ts'

/** Sums of no unit yet; the neutral element of `merge`. */
export function noUnits<S extends Shape>(shape: S): SumsOf<S> {
  return zero(shape) as SumsOf<S>
}

function zero(shape: Shape): Sums {
  if (shape.kind === 'proportion') return { kind: 'proportion', n: 0n, successes: 0n }
  if (shape.kind === 'mean') {
    const before = shape.before === true ? { before: { sum: 0n, sumSquares: 0n, sumProducts: 0n } } : {}
    return { kind: 'mean', scale: scaleOf(shape.scale), n: 0n, sum: 0n, sumSquares: 0n, ...before }
  }
  const [y, x] = shape.scales ?? [1, 1]
  return {
    kind: 'ratio',
    scales: [scaleOf(y), scaleOf(x)],
    n: 0n,
    ...noPairs(),
    ...(shape.before === true ? { before: noBefore() } : {}),
  }
}

const noPairs = () => ({ sumY: 0n, sumX: 0n, sumYY: 0n, sumXX: 0n, sumXY: 0n })
const noBefore = (): RatioCovariate => ({ ...noPairs(), products: { YY: 0n, YX: 0n, XY: 0n, XX: 0n } })

/**
 * Adds units, each once; the order does not matter.
 * Throws `HW_NOT_AN_INTEGER` for a number that is no safe integer, `HW_UNLIKE_SUMS` for a covariate where the sums keep none or the reverse.
 */
export function addUnits<S extends Sums>(sums: S, units: Iterable<UnitOf<S>>): S {
  // A copy of its own to count in, so that the sums given stay as they were.
  const added = together(sums, sums, (value) => value) as any
  const add: (sums: any, unit: any) => void =
    sums.kind === 'proportion' ? addToProportion : sums.kind === 'mean' ? addToMean : addToRatio
  for (const unit of units) add(added, unit)
  return added
}

type Mutable<T> = T extends object ? { -readonly [K in keyof T]: Mutable<T[K]> } : T

function addToProportion(sums: Mutable<ProportionSums>, did: boolean): void {
  sums.n += 1n
  if (did) sums.successes += 1n
}

function addToMean(sums: Mutable<MeanSums>, unit: MeanUnit): void {
  const pair = typeof unit === 'object' ? unit : undefined
  const value = exact(pair === undefined ? (unit as Integer) : pair.value)
  sums.n += 1n
  sums.sum += value
  sums.sumSquares += value * value
  sameCovariate(sums.before, pair?.before)
  if (sums.before === undefined || pair === undefined) return
  const before = exact(pair.before)
  sums.before.sum += before
  sums.before.sumSquares += before * before
  sums.before.sumProducts += value * before
}

function addToRatio(sums: Mutable<RatioSums>, unit: RatioUnit): void {
  const [y, x] = [exact(unit.y), exact(unit.x)]
  sums.n += 1n
  addPair(sums, y, x)
  sameCovariate(sums.before, unit.before)
  if (sums.before === undefined || unit.before === undefined) return
  const [Y, X] = [exact(unit.before.y), exact(unit.before.x)]
  addPair(sums.before, Y, X)
  const { products } = sums.before
  products.YY += y * Y
  products.YX += y * X
  products.XY += x * Y
  products.XX += x * X
}

function addPair(
  sums: Mutable<Pick<RatioSums, 'sumY' | 'sumX' | 'sumYY' | 'sumXX' | 'sumXY'>>,
  y: bigint,
  x: bigint,
): void {
  sums.sumY += y
  sums.sumX += x
  sums.sumYY += y * y
  sums.sumXX += x * x
  sums.sumXY += x * y
}

/** The sums of both groups of units, which must not overlap. Associative and commutative, exactly. Throws `HW_UNLIKE_SUMS`. */
export function merge<S extends Sums>(a: S, b: S): S {
  return together(a, b, (left, right) => left + right) as S
}

/** Walks two sums of one shape together; scales and kind must be equal, every integer is combined. */
function together(a: Sums, b: Sums, combine: (left: bigint, right: bigint) => bigint): Sums {
  const walk = (left: unknown, right: unknown, path: string): unknown => {
    if (typeof left === 'bigint' && typeof right === 'bigint') return combine(left, right)
    if (Array.isArray(left) || typeof left !== 'object' || left === null) {
      if (String(left) === String(right)) return left
    } else if (typeof right === 'object' && right !== null) {
      const fields = [...new Set([...Object.keys(left), ...Object.keys(right)])]
      return Object.fromEntries(
        fields.map((field) => [field, walk((left as any)[field], (right as any)[field], `${path}${field}.`)]),
      )
    }
    throw new InvalidStatistics(
      'HW_UNLIKE_SUMS',
      `Sums merge only when they are of one metric: ${path.slice(0, -1)} is ${told(left)} here and ${told(right)} there.`,
    )
  }
  return walk(a, b, '') as Sums
}

const told = (value: unknown) => (typeof value === 'object' ? 'kept' : value === undefined ? 'not kept' : String(value))

function sameCovariate(kept: unknown, given: unknown): void {
  if ((kept === undefined) === (given === undefined)) return
  throw new InvalidStatistics(
    'HW_UNLIKE_SUMS',
    kept === undefined
      ? 'The unit has a value from before, but these sums keep none: start from noUnits({ …, before: true }).'
      : 'These sums keep a covariate, but the unit has no value from before: give 0 for a unit that did nothing.',
  )
}

function exact(value: Integer): bigint {
  if (typeof value === 'bigint') return value
  if (Number.isSafeInteger(value)) return BigInt(value)
  throw new InvalidStatistics(
    'HW_NOT_AN_INTEGER',
    `A unit's value must be a safe integer or a bigint, in the metric's scale; it is ${String(value)}.`,
  )
}

function scaleOf(scale = 1): number {
  if (Number.isSafeInteger(scale) && scale > 0) return scale
  throw new InvalidStatistics('HW_NOT_AN_INTEGER', `A scale is how many integers make one, 1 or more; it is ${scale}.`)
}
