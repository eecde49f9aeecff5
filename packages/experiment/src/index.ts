export type { Allocation } from './allocation.ts'
export { allocationOf } from './allocation.ts'
export { type Allocations, followAllocations } from './allocations.ts'
export { assign, type Assignment, type Attributes } from './assign.ts'
export type { Duration } from './duration.ts'
export {
  type Adds,
  decidedByPeople,
  type Experiment,
  experiment,
  isSealed,
  type MeasuredDeclaration,
  type PeopleDeclaration,
  type Placement,
  type Rule,
} from './experiment.ts'
export {
  adoption,
  allocationFacts,
  allocationSchema,
  declarationSchema,
  declared,
  type ExperimentFact,
  experimentFacts,
  seen,
  type StreamAppend,
} from './exposure.ts'
export type { MarginText } from './margin.ts'
export {
  count,
  funnel,
  mean,
  type Metric,
  type MetricOptions,
  quantile,
  ratio,
  refusals,
  retention,
  share,
  sum,
} from './metric.ts'
export { requireReadable } from './readable.ts'
export { ExperimentRefused } from './refused.ts'
export { type VariantReader, variantReader } from './variant-reader.ts'
