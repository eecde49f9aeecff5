// What reads events and decides: `@headwater/experiment/analysis`.
export { accumulate, type AccumulatedEvent, type AccumulatedPage, type Accumulation } from './accumulate.ts'
export { type Decision, decide } from './decide.ts'
export { observe } from './observe.ts'
export type { LookAt, Observed, ObservedMetric, ObservedVariant } from './observed.ts'
export { analyse, type Compared, conclude, type MetricResult, type Results, type Role } from './results.ts'
export type { Query } from './sql.ts'
