import { cannot, effect } from './compare.ts'
import type { Contrast } from './contrast.ts'
import type { Alternative, CannotCompute, Effect, Measured } from './result.ts'
import { critical, pValue } from './yardstick.ts'

interface LiftOptions {
  readonly alpha: number
  readonly alternative: Alternative
  readonly interval: 'fieller' | 'delta'
}

/** (treatment − control) ÷ control. */
export function lift(given: Contrast, measured: Measured, options: LiftOptions): Effect | CannotCompute {
  const { base, difference, varianceOfBase, varianceOfDifference, covariance } = given
  if (base === 0) return cannot('control-near-zero', 'Control is zero, so nothing can be relative to it.')
  const ratio = difference / base
  const variance = (varianceOfDifference - 2 * ratio * covariance + ratio * ratio * varianceOfBase) / (base * base)
  const standardError = Math.sqrt(Math.max(0, variance))
  if (options.interval === 'fieller') return fieller(given, ratio, standardError, measured, options)
  if (standardError === 0) return cannot('no-variance', 'The lift has no spread to measure against.')
  // First order Taylor expansion: Deng, Knoblich & Lu 2018, "Applying the Delta method in metric analytics".
  return effect(ratio, standardError, measured, options.alpha, options.alternative)
}

/**
 * All lifts λ for which treatment − (1 + λ) control is within the critical value of zero: Fieller 1954 ("Some problems in interval estimation").
 * Right also where control is not far from zero, and in step with the difference: one excludes zero when the other does.
 * Where control itself cannot be told from zero the set is no interval.
 */
function fieller(
  given: Contrast,
  ratio: number,
  standardError: number,
  measured: Measured,
  options: LiftOptions,
): Effect | CannotCompute {
  const { base, difference, varianceOfBase, varianceOfDifference, covariance } = given
  const c = critical(measured, options.alpha, options.alternative)
  const square = base * base - c * c * varianceOfBase
  if (square <= 0)
    return cannot(
      'control-near-zero',
      'Control cannot be told from zero yet, so no lift can be bounded; the difference can.',
    )
  const middle = base * difference - c * c * covariance
  const reach = Math.sqrt(
    Math.max(0, middle * middle - square * (difference * difference - c * c * varianceOfDifference)),
  )
  const side = base > 0 ? options.alternative : turned(options.alternative)
  return {
    kind: 'computed',
    estimate: ratio,
    standardError,
    lower: options.alternative === 'lower' ? null : (middle - reach) / square,
    upper: options.alternative === 'higher' ? null : (middle + reach) / square,
    p: pValue(measured, difference / Math.sqrt(varianceOfDifference), side),
  }
}

function turned(alternative: Alternative): Alternative {
  return alternative === 'different' ? alternative : alternative === 'higher' ? 'lower' : 'higher'
}
