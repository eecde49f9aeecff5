import type { Contrast } from './contrast.ts'

/** Units' worth of trust in both variants' common spread, against a variant's own. */
export const steadyUnits = 200

/**
 * A variant that has seen few units, or few of the rare large ones, knows its own spread too small, and a sequence that starts early would stop on that: with 10 % of the
 * units in treatment, rare or heavy-tailed values were called different in 8–30 % of experiments without effect. So a variant that seems to vary less than both together
 * is moved towards them, as if it had seen `steadyUnits` more units of the common spread. It never makes an interval narrower, and fades as units come, so the
 * variance stays consistent, which is all that an asymptotic confidence sequence asks of it.
 */
export function steadied(given: Contrast): Contrast {
  const [nc, nt] = given.n
  const [ofControl, ofTreatment] = [given.parts[0] * nc, given.parts[1] * nt]
  const common = (nc * ofControl + nt * ofTreatment) / (nc + nt)
  const missing = (own: number, n: number) => (Math.max(0, common - own) * steadyUnits) / (n + steadyUnits) / n
  const [control, treatment] = [missing(ofControl, nc), missing(ofTreatment, nt)]
  return {
    ...given,
    varianceOfBase: given.varianceOfBase + control,
    varianceOfDifference: given.varianceOfDifference + control + treatment,
    covariance: given.covariance - control,
    parts: [given.parts[0] + control, given.parts[1] + treatment],
  }
}
