import type { Shape } from '@headwater/stats'
import type { Metric } from './metric.ts'

/** What a metric's sums hold; undefined for a quantile, which needs every unit's value. */
export function shapeOf(metric: Metric): Shape | undefined {
  const before = metric.before !== undefined
  switch (metric.kind) {
    case 'quantile':
      return undefined
    case 'mean':
    case 'ratio':
      return { kind: 'ratio', scales: [scaleOf(metric.measure), scaleOf(metric.per)], before }
    case 'share':
    case 'retention':
    case 'funnel':
      // A share with a covariate is a mean of zeros and ones.
      return before ? { kind: 'mean', scale: 1, before } : { kind: 'proportion' }
    default:
      return { kind: 'mean', scale: scaleOf(metric.measure), before }
  }
}

/** Integers per one. */
export function scaleOf(measure: Metric['measure']): number {
  return measure?.of === 'sum' ? Number(`1e${measure.scale}`) : 1
}
