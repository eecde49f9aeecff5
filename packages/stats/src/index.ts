export { addUnits, merge, noUnits } from './accumulate.ts'
export { compare } from './compare.ts'
export { engine } from './engine.ts'
export { InvalidStatistics } from './invalid.ts'
export { forecast } from './forecast.ts'
export type { Forecast, Traffic } from './forecast.ts'
export { minimalEffect, power, unitsNeeded } from './planning.ts'
export type { Plan, Planned, Size } from './planning.ts'
export { compareQuantiles, winsorise } from './quantile.ts'
export type { QuantileMetric, Winsorised } from './quantile.ts'
export { random } from './random.ts'
export type { Random } from './random.ts'
export { judge } from './judge.ts'
export { correct } from './multiplicity.ts'
export type { Corrected, Correction } from './multiplicity.ts'
export { sampleRatio } from './sample-ratio.ts'
export type { SampleRatio, SampleRatioOptions, Share } from './sample-ratio.ts'
export { sumsFromJson, sumsToJson } from './sums-json.ts'
export { beta } from './distributions/beta.ts'
export { chiSquare, gamma } from './distributions/gamma.ts'
export { normal } from './distributions/normal.ts'
export { studentT } from './distributions/student-t.ts'
export type {
  Integer,
  MeanCovariate,
  MeanSums,
  MeanUnit,
  ProportionSums,
  ProportionUnit,
  RatioCovariate,
  RatioSums,
  RatioUnit,
  Shape,
  Sums,
  SumsJson,
  SumsOf,
  UnitOf,
} from './sums.ts'
export type {
  Alternative,
  CannotCompute,
  Claim,
  CompareOptions,
  Comparison,
  Effect,
  Estimate,
  Measured,
  Method,
  Reason,
  Verdict,
} from './result.ts'
