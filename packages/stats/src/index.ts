export { addUnits, merge, noUnits } from './accumulate.ts'
export { compare } from './compare.ts'
export { InvalidStatistics } from './invalid.ts'
export { judge } from './judge.ts'
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
export type { Forecast, Plan, Planned, Size, Traffic } from './planning.ts'
