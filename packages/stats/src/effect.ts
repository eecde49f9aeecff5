import type { Alternative, Effect, Measured } from './result.ts'
import { scoreInterval, scoreZ, type Proportions, type Scale } from './score.ts'
import { critical, pValue } from './yardstick.ts'

/** How far from the truth an estimate may be: the method as used, the level and the side. */
export interface Reach {
  readonly measured: Measured
  readonly alpha: number
  readonly alternative: Alternative
}

/** Estimate ± critical value × standard error. */
export function waldEffect(estimate: number, standardError: number, reach: Reach): Effect {
  const width = critical(reach) * standardError
  return bounded(estimate, standardError, [estimate - width, estimate + width], estimate / standardError, reach)
}

/** Of two proportions, by the score test and its inversion. */
export function scoreEffect(
  estimate: number,
  standardError: number,
  seen: Proportions,
  scale: Scale,
  reach: Reach,
): Effect {
  const interval = scoreInterval(seen, scale, critical(reach))
  return bounded(estimate, standardError, interval, scoreZ(seen, scale, 0), reach)
}

/** Drops the bound that a one-sided comparison does not look at. */
export function bounded(
  estimate: number,
  standardError: number,
  [lower, upper]: readonly [number, number],
  z: number,
  { measured, alternative }: Reach,
): Effect {
  return {
    kind: 'computed',
    estimate,
    standardError,
    lower: alternative === 'lower' ? null : lower,
    upper: alternative === 'higher' ? null : upper,
    p: pValue(measured, z, alternative),
  }
}
