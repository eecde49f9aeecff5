import { divided, fraction, minus, nearest, none, plus, times, type Fraction } from './fraction.ts'
import { linearise, type Linear } from './linear.ts'
import type { Sums } from './sums.ts'

/**
 * Two variants as one pair of numbers: treatment − control, and control as the base of a lift, with their covariance.
 * Every interval and test of this package is made from this, whatever the metric.
 */
export interface Contrast {
  readonly metric: 'proportion' | 'mean' | 'ratio' | 'quantile'
  readonly n: readonly [control: number, treatment: number]
  readonly base: number
  readonly difference: number
  readonly varianceOfBase: number
  readonly varianceOfDifference: number
  readonly covariance: number
  /** Each variant's part of the variance of the difference. */
  readonly parts: readonly [control: number, treatment: number]
  readonly adjusted?: { readonly theta: number; readonly unadjusted: number; readonly varianceKept: number }
}

/** Exact until the last step: all cancellation happens between integers. */
export function contrast(control: Sums, treatment: Sums, adjust: boolean): Contrast {
  const [c, t] = [linearise(control), linearise(treatment)]
  const theta = adjust ? bestTheta(c, t) : none
  const parts = [residualVariance(c, theta), residualVariance(t, theta)] as const
  const varianceOfDifference = plus(parts[0], parts[1])
  const gap = minus(t.before.value, c.before.value)
  // Both variants are centred at the pooled covariate: that moves the base by θ × treatment's share × the covariates' gap.
  const pull = times(theta, fraction(t.n, c.n + t.n))
  const exact = {
    base: plus(c.value, times(pull, gap)),
    difference: minus(minus(t.value, c.value), times(theta, gap)),
    varianceOfBase: varianceOfBase(c, t, pull),
    varianceOfDifference,
    covariance: covarianceWithBase(c, t, theta, pull),
  }
  return {
    metric: control.kind,
    n: [Number(c.n), Number(t.n)],
    base: nearest(exact.base),
    difference: nearest(exact.difference),
    varianceOfBase: nearest(exact.varianceOfBase),
    varianceOfDifference: nearest(exact.varianceOfDifference),
    covariance: nearest(exact.covariance),
    parts: [nearest(parts[0]), nearest(parts[1])],
    ...(theta.over === 0n ? {} : { adjusted: adjustment(c, t, theta, varianceOfDifference) }),
  }
}

/**
 * The θ that leaves the difference the least variance: CUPED (Deng, Xu, Kohavi & Walker 2013, "Improving the sensitivity of online controlled experiments
 * by utilizing pre-experiment data"); for ratios by their appendix B.
 */
function bestTheta(c: Linear, t: Linear): Fraction {
  const spread = plus(c.before.variance, t.before.variance)
  return spread.over === 0n ? none : divided(plus(c.before.covariance, t.before.covariance), spread)
}

/** Var(value − θ before). */
function residualVariance({ variance, before }: Linear, theta: Fraction): Fraction {
  return plus(minus(variance, times(twice(theta), before.covariance)), times(times(theta, theta), before.variance))
}

/** Of value − pull × (before in control) + pull × (before in treatment). */
function varianceOfBase(c: Linear, t: Linear, pull: Fraction): Fraction {
  return plus(residualVariance(c, pull), times(times(pull, pull), t.before.variance))
}

function covarianceWithBase(c: Linear, t: Linear, theta: Fraction, pull: Fraction): Fraction {
  const ofTreatment = times(pull, residualWithBefore(t, theta))
  const ofControl = minus(
    minus(c.variance, times(theta, c.before.covariance)),
    times(pull, residualWithBefore(c, theta)),
  )
  return minus(ofTreatment, ofControl)
}

/** Cov(value − θ before, before). */
function residualWithBefore({ before }: Linear, theta: Fraction): Fraction {
  return minus(before.covariance, times(theta, before.variance))
}

function adjustment(c: Linear, t: Linear, theta: Fraction, variance: Fraction): NonNullable<Contrast['adjusted']> {
  return {
    theta: nearest(theta),
    unadjusted: nearest(minus(t.value, c.value)),
    varianceKept: nearest(divided(variance, plus(c.variance, t.variance))),
  }
}

const twice = (a: Fraction): Fraction => ({ over: 2n * a.over, under: a.under })
