import { fraction, none, type Fraction } from './fraction.ts'
import { InvalidStatistics } from './invalid.ts'
import type { MeanSums, ProportionSums, RatioCovariate, RatioSums, Sums } from './sums.ts'

/** One variant's value as a mean over units, exactly, with the variance of that mean and its covariate (zero where there is none). */
export interface Linear {
  readonly n: bigint
  readonly value: Fraction
  readonly variance: Fraction
  readonly before: { readonly value: Fraction; readonly variance: Fraction; readonly covariance: Fraction }
}

const without = { value: none, variance: none, covariance: none }

/** Why a variant's value and variance cannot be had, or undefined. */
export function obstacle(sums: Sums): 'too-few-units' | 'no-denominator' | undefined {
  if (sums.n < 2n) return 'too-few-units'
  return sums.kind === 'ratio' && sums.sumX === 0n ? 'no-denominator' : undefined
}

/** Needs two units; a ratio also a denominator. Throws `HW_IMPOSSIBLE_SUMS` for sums no units can have. */
export function linearise(sums: Sums): Linear {
  const linear = sums.kind === 'proportion' ? ofProportion(sums) : sums.kind === 'mean' ? ofMean(sums) : ofRatio(sums)
  if (linear.variance.over < 0n || linear.before.variance.over < 0n)
    throw new InvalidStatistics(
      'HW_IMPOSSIBLE_SUMS',
      'No units have these sums: a sum of squares is smaller than the sums allow, or there are more successes than units.',
    )
  return linear
}

function ofProportion({ n, successes: s }: ProportionSums): Linear {
  return { n, value: fraction(s, n), variance: fraction(s * (n - s), n * n * n), before: without }
}

function ofMean({ n, sum, sumSquares, scale, before }: MeanSums): Linear {
  const per = BigInt(scale)
  const pairs = n * n * (n - 1n)
  return {
    n,
    value: fraction(sum, n * per),
    variance: fraction(n * sumSquares - sum * sum, pairs * per * per),
    before:
      before === undefined
        ? without
        : {
            value: fraction(before.sum, n),
            variance: fraction(n * before.sumSquares - before.sum * before.sum, pairs),
            covariance: fraction(n * before.sumProducts - sum * before.sum, pairs * per),
          },
  }
}

type Pairs = Pick<RatioSums, 'sumY' | 'sumX' | 'sumYY' | 'sumXX' | 'sumXY'>

/**
 * Delta method (Deng, Knoblich & Lu 2018, "Applying the Delta method in metric analytics"): a unit moves the ratio by zᵢ = yᵢ Σx − xᵢ Σy over (Σx)²,
 * and the zᵢ are integers, so their variance is exact however closely y follows x.
 */
function ofRatio(sums: RatioSums): Linear {
  const { n, before } = sums
  const [perY, perX] = [BigInt(sums.scales[0]), BigInt(sums.scales[1])]
  return {
    n,
    value: fraction(sums.sumY * perX, sums.sumX * perY),
    variance: fraction(n * squares(sums) * perX * perX, (n - 1n) * sums.sumX ** 4n * perY * perY),
    before:
      before === undefined || before.sumX === 0n
        ? without
        : {
            value: fraction(before.sumY, before.sumX),
            variance: fraction(n * squares(before), (n - 1n) * before.sumX ** 4n),
            covariance: fraction(n * products(sums, before) * perX, (n - 1n) * (sums.sumX * before.sumX) ** 2n * perY),
          },
  }
}

/** Σ z². */
function squares({ sumY: Y, sumX: X, sumYY, sumXX, sumXY }: Pairs): bigint {
  return X * X * sumYY - 2n * X * Y * sumXY + Y * Y * sumXX
}

/** Σ z × z before. */
function products({ sumY, sumX }: Pairs, { sumY: Y, sumX: X, products: p }: RatioCovariate): bigint {
  return sumX * X * p.YY - sumX * Y * p.YX - sumY * X * p.XY + sumY * Y * p.XX
}
