import type { CannotCompute, Method } from './result.ts'
import type { Sums } from './sums.ts'

/** What an experiment on a metric would be asked to see. */
export interface Plan {
  /** History of the metric in one variant's units, or its mean and variance per unit. With a covariate, as adjusted by it. */
  readonly baseline: Sums | { readonly mean: number; readonly variance: number }
  /** Share of units in control and treatment; default 50/50. */
  readonly shares?: readonly [control: number, treatment: number]
  /** Default `{ kind: 'sequence' }`, tightest at the sample size looked at. */
  readonly method?: Method
  /** Default 0.05. */
  readonly alpha?: number
  /** Default 0.8. */
  readonly power?: number
  /** Default `different`. */
  readonly alternative?: 'different' | 'higher' | 'lower'
}

/** What is to be seen: in the metric's unit, or relative to the baseline. */
export type Size = { readonly difference: number } | { readonly lift: number }

/** How units come. */
export interface Traffic {
  /** New units a day, both variants together: one number, or per day of history (then the mean is used after its end). */
  readonly perDay: number | readonly number[]
  /** Days until a unit's window has closed and it counts. Default 0. */
  readonly windowDays?: number
  /** Default 365. */
  readonly withinDays?: number
}

export interface Forecast {
  readonly kind: 'computed'
  readonly days: number
  readonly units: number
}

export type Planned<T> = ({ readonly kind: 'computed' } & T) | CannotCompute
