/** A result is data: it survives JSON. `null` for a bound means: unbounded on that side. */
export interface CannotCompute {
  readonly kind: 'cannot-compute'
  readonly reason: Reason
  /** For people: what is missing, and what would change it. */
  readonly sentence: string
}

export function cannot(reason: Reason, sentence: string): CannotCompute {
  return { kind: 'cannot-compute', reason, sentence }
}

export type Reason =
  | 'too-few-units'
  | 'no-variance'
  | 'too-many-ties'
  | 'no-denominator'
  | 'control-near-zero'
  | 'no-effect-asked'
  | 'side-not-looked-at'
  | 'not-with-this-traffic'
  /** Some amounts are not integers of the scale named: who takes the sums says so. */
  | 'not-in-scale'

/**
 * What decides how far an estimate may be from the truth.
 * `sequence`: valid at every look, however often one looks (asymptotic confidence sequence, Waudby-Smith et al. 2021, arXiv 2103.06476).
 * `mixture`: the mixture sequential probability ratio test, for who knows the size of plausible effects (Zhao et al. 2019, arXiv 1905.10493).
 * `fixed`: one look, at a sample size named before; peeking voids it (means: Welch's t; proportions: score test; else z).
 */
export type Method =
  | {
      readonly kind: 'sequence'
      /** Units (all variants compared) at which the interval is tightest; name it before the first look. Default 5,000. */
      readonly tightestAt?: number
      /** Units in each variant before which it says nothing, since it is asymptotic. Default 50. */
      readonly from?: number
    }
  | {
      readonly kind: 'mixture'
      /** Standard deviation of plausible differences, in the metric's unit. */
      readonly plausible: number
      readonly from?: number
    }
  | { readonly kind: 'fixed' }

/** `different` is two-sided; `higher` and `lower` spend all of α on one side and leave the other unbounded. */
export type Alternative = 'different' | 'higher' | 'lower'

export interface CompareOptions {
  /** Default: `{ kind: 'sequence' }`. */
  readonly method?: Method
  /** Default 0.05. */
  readonly alpha?: number
  /** Default `different`. */
  readonly alternative?: Alternative
  /** Interval of the lift; default `fieller`. */
  readonly lift?: 'fieller' | 'delta'
  /** Use the covariate where the sums carry one (CUPED). Default true. */
  readonly adjust?: boolean
}

/** One variant: its value in the metric's unit, adjusted where a covariate was used. */
export interface Estimate {
  readonly n: number
  readonly value: number
  readonly standardError: number
}

/** Treatment against control, in the metric's unit (difference) or relative to the size of control (lift; 0.1 = 10 % more, also where control is below zero). */
export interface Effect {
  readonly kind: 'computed'
  readonly estimate: number
  readonly standardError: number
  readonly lower: number | null
  readonly upper: number | null
  /** Of "no effect", against the alternative; valid at every look unless the method is `fixed`. */
  readonly p: number
}

export interface Comparison {
  readonly kind: 'computed'
  readonly metric: 'proportion' | 'mean' | 'ratio' | 'quantile'
  readonly method: Measured
  readonly alpha: number
  readonly alternative: Alternative
  readonly control: Estimate
  readonly treatment: Estimate
  readonly difference: Effect
  /** `score` stands in for `fieller` where the metric is a proportion, but with a mixture. */
  readonly liftBy: 'fieller' | 'delta' | 'score'
  readonly lift: Effect | CannotCompute
  /** What the covariate did; absent when none was used. */
  readonly adjusted?: { readonly theta: number; readonly unadjusted: number; readonly varianceKept: number }
}

/** The method as used: all that is needed to recompute an interval or a p-value from estimate and standard error. */
export type Measured =
  | {
      readonly kind: 'sequence' | 'mixture'
      /** Variance of the mixture in squared standard errors. */ readonly spread: number
    }
  | { readonly kind: 'fixed'; readonly test: 'welch'; readonly degreesOfFreedom: number }
  | { readonly kind: 'fixed'; readonly test: 'z' | 'score' }

/** A claim to be judged on a comparison. */
export interface Claim {
  /** `superior`: better by more than the margin (default 0). `not-inferior`: worse by less than the margin. */
  readonly claim: 'superior' | 'not-inferior'
  readonly better: 'higher' | 'lower'
  /** ≥ 0, in the unit of `on`. */
  readonly margin?: number
  /** Default `difference`. */
  readonly on?: 'difference' | 'lift'
}

export interface Verdict {
  readonly kind: 'computed'
  /** `no`: the interval lies wholly on the wrong side of the margin. */
  readonly holds: 'yes' | 'no' | 'open'
  /** The least α at which the claim would hold, two-sided or one-sided as the comparison is. */
  readonly p: number
  /** The effect the interval was held against. */
  readonly threshold: number
}
