/**
 * Exact sufficient statistics of one variant: integer sums, so they do not depend on order or batch size, and merge.
 * A value is an integer in a scale named by the metric: with `scale: 100` the integer 1234 means 12.34.
 */
export type Sums = ProportionSums | MeanSums | RatioSums

/** Units that did, of all units. */
export interface ProportionSums {
  readonly kind: 'proportion'
  readonly n: bigint
  readonly successes: bigint
}

/** One value a unit. */
export interface MeanSums {
  readonly kind: 'mean'
  /** Integers per one: 100 for values in hundredths. */
  readonly scale: number
  readonly n: bigint
  readonly sum: bigint
  readonly sumSquares: bigint
  /** The same metric (or any other) of the same units from before the exposure: takes out what differed already (CUPED). */
  readonly before?: MeanCovariate
}

/** Integers in a scale of their own, which no result depends on. */
export interface MeanCovariate {
  readonly sum: bigint
  readonly sumSquares: bigint
  /** Σ value × before. */
  readonly sumProducts: bigint
}

/** Two values a unit, numerator y and denominator x; the metric is Σy ÷ Σx, its spread that of units (delta method). */
export interface RatioSums {
  readonly kind: 'ratio'
  /** Integers per one, of y and of x. */
  readonly scales: readonly [y: number, x: number]
  readonly n: bigint
  readonly sumY: bigint
  readonly sumX: bigint
  readonly sumYY: bigint
  readonly sumXX: bigint
  readonly sumXY: bigint
  readonly before?: RatioCovariate
}

/** The ratio of the same units from before the exposure, with its products with the values after. */
export interface RatioCovariate {
  readonly sumY: bigint
  readonly sumX: bigint
  readonly sumYY: bigint
  readonly sumXX: bigint
  readonly sumXY: bigint
  /** Σ (after × before): `YX` is y after × x before. */
  readonly products: { readonly YY: bigint; readonly YX: bigint; readonly XY: bigint; readonly XX: bigint }
}

/** What one unit brings: an integer in the metric's scale; a `number` must be a safe integer. */
export type Integer = bigint | number
export type ProportionUnit = boolean
export type MeanUnit = Integer | { readonly value: Integer; readonly before: Integer }
export interface RatioUnit {
  readonly y: Integer
  readonly x: Integer
  readonly before?: { readonly y: Integer; readonly x: Integer }
}
export type UnitOf<S extends Sums> = S extends ProportionSums
  ? ProportionUnit
  : S extends MeanSums
    ? MeanUnit
    : RatioUnit

/** What sums will hold, before the first unit. `before: true` keeps a covariate. */
export type Shape =
  | { readonly kind: 'proportion' }
  | { readonly kind: 'mean'; readonly scale?: number; readonly before?: boolean }
  | { readonly kind: 'ratio'; readonly scales?: readonly [y: number, x: number]; readonly before?: boolean }

export type SumsOf<S extends Shape> = Extract<Sums, { kind: S['kind'] }>

/** Sums as JSON: every bigint a decimal string. */
export type SumsJson = { readonly kind: Sums['kind']; readonly n: string } & { readonly [field: string]: unknown }
