import type { Contrast } from './contrast.ts'
import { bounded, scoreEffect, waldEffect, type Reach } from './effect.ts'
import { cannot, type CannotCompute, type Comparison, type Effect } from './result.ts'
import type { Proportions } from './score.ts'
import { critical } from './yardstick.ts'

/** (treatment − control) ÷ |control|: more is above zero, also where both are below. */
export function lift(found: Contrast, by: Comparison['liftBy'], reach: Reach): Effect | CannotCompute {
  const given = found.base < 0 ? { ...found, base: -found.base, covariance: -found.covariance } : found
  const { base, difference, varianceOfBase, varianceOfDifference, covariance } = given
  if (base === 0) return cannot('control-near-zero', 'Control is zero, so nothing can be relative to it.')
  const ratio = difference / base
  const variance = (varianceOfDifference - 2 * ratio * covariance + ratio * ratio * varianceOfBase) / (base * base)
  const standardError = Math.sqrt(Math.max(0, variance))
  if (by === 'fieller') return fieller(given, ratio, standardError, reach)
  if (by === 'score') return scoreEffect(ratio, standardError, proportions(given), 'lift', reach)
  if (standardError === 0) return cannot('no-variance', 'The lift has no spread to measure against.')
  // First order Taylor expansion: Deng, Knoblich & Lu 2018, "Applying the Delta method in metric analytics".
  return waldEffect(ratio, standardError, reach)
}

/**
 * All lifts λ for which treatment − control − λ |control| is within the critical value of zero: Fieller 1954 ("Some problems in interval estimation").
 * Right also where control is not far from zero, and in step with the difference: one excludes zero when the other does.
 * Where control itself cannot be told from zero the set is no interval.
 */
function fieller(given: Contrast, ratio: number, standardError: number, reach: Reach): Effect | CannotCompute {
  const { base, difference, varianceOfBase, varianceOfDifference, covariance } = given
  const c = critical(reach)
  const square = base * base - c * c * varianceOfBase
  if (square <= 0)
    return cannot(
      'control-near-zero',
      'Control cannot be told from zero yet, so no lift can be bounded; the difference can.',
    )
  const middle = base * difference - c * c * covariance
  const rest = difference * difference - c * c * varianceOfDifference
  const root = Math.sqrt(Math.max(0, middle * middle - square * rest))
  const z = difference / Math.sqrt(varianceOfDifference)
  return bounded(ratio, standardError, [(middle - root) / square, (middle + root) / square], z, reach)
}

export function proportions({ n, base, difference }: Contrast): Proportions {
  return { control: { n: n[0], value: base }, treatment: { n: n[1], value: base + difference } }
}
