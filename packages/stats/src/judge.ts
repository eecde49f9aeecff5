import { within } from './invalid.ts'
import { cannot, type CannotCompute, type Claim, type Comparison, type Effect, type Verdict } from './result.ts'
import { isScored, scoreZ } from './score.ts'
import { pValue } from './yardstick.ts'

/**
 * Whether a claim holds: the interval against the margin, so a verdict never contradicts the interval shown beside it.
 * Superiority and non-inferiority by confidence interval: Farrington & Manning 1990; ICH E9 §3.3.2. With a sequence, at every look.
 * A one-sided comparison can say `yes` or `open`, never `no`.
 */
export function judge(comparison: Comparison, claim: Claim): Verdict | CannotCompute {
  const effect = comparison[claim.on ?? 'difference']
  if (effect.kind === 'cannot-compute') return effect
  const { margin = 0, better } = claim
  within('margin', margin, -Number.MIN_VALUE, Infinity)
  const towards = better === 'higher' ? 1 : -1
  const threshold = (claim.claim === 'superior' ? margin : -margin) * towards || 0
  const { alternative } = comparison
  if (alternative !== 'different' && alternative !== better)
    return cannot(
      'side-not-looked-at',
      `This comparison looks only for ${alternative} values; the claim needs '${better}' or 'different'.`,
    )
  const { lower, upper } = effect
  const above = lower !== null && lower > threshold
  const below = upper !== null && upper < threshold
  const [holds, fails] = better === 'higher' ? [above, below] : [below, above]
  return {
    kind: 'computed',
    holds: holds ? 'yes' : fails ? 'no' : 'open',
    p: pOfClaim(comparison, claim, threshold),
    threshold,
  }
}

/** Two-sided, an effect on the far side of the threshold is no evidence: p is then 1. */
function pOfClaim(comparison: Comparison, { better, on }: Claim, threshold: number): number {
  const z = on === 'lift' ? zOfLift(comparison, threshold) : zOfDifference(comparison, threshold)
  const towards = better === 'higher' ? z : -z
  return comparison.alternative === 'different' && towards < 0
    ? 1
    : pValue(comparison.method, z, comparison.alternative)
}

function zOfDifference(comparison: Comparison, threshold: number): number {
  const { metric, method, difference } = comparison
  return isScored(metric, method) ? scoreZ(comparison, 'difference', threshold) : waldZ(difference, threshold)
}

const waldZ = ({ estimate, standardError }: Effect, threshold: number) => (estimate - threshold) / standardError

/** By the test that its interval inverts. */
function zOfLift(comparison: Comparison, threshold: number): number {
  const { liftBy, lift, difference, control, treatment } = comparison
  if (liftBy === 'delta') return waldZ(lift as Effect, threshold)
  if (liftBy === 'score') return scoreZ(comparison, 'lift', threshold)
  const [ofDifference, ofControl, ofTreatment] = [difference, control, treatment].map(
    (it) => it.standardError * it.standardError,
  ) as [number, number, number]
  const [size, sign] = [Math.abs(control.value), control.value < 0 ? -1 : 1]
  const covariance = (sign * (ofTreatment - ofControl - ofDifference)) / 2
  const variance = ofDifference - 2 * threshold * covariance + threshold * threshold * ofControl
  return (difference.estimate - threshold * size) / Math.sqrt(variance)
}
