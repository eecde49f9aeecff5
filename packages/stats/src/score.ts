/** Successes of units in control and treatment. */
export interface Proportions {
  readonly control: { readonly n: number; readonly value: number }
  readonly treatment: { readonly n: number; readonly value: number }
}

/** Which pairs of true proportions a null allows: treatment = control + null, or control × (1 + null). */
export type Scale = 'difference' | 'lift'

/**
 * Standard errors between what was seen and a null, measured where the null is likeliest: the score test. For "no difference" it is the pooled z-test (Pearson);
 * for a margin Farrington & Manning 1990; its inversion is the interval of Mee 1984, which is Miettinen & Nurminen's 1985 without N/(N − 1) (difference), and Koopman 1984 (ratio).
 * Keeps its level for small samples and proportions near 0 or 1, where estimate ± z × standard error does not.
 */
export function scoreZ({ control, treatment }: Proportions, scale: Scale, nil: number): number {
  const [slope, shift] = scale === 'difference' ? [1, nil] : [1 + nil, 0]
  // No proportions are that far apart, so what was seen is endlessly far from the null.
  if (slope <= 0 || shift <= -1) return Infinity
  if (shift >= 1) return -Infinity
  const c = likeliest({ control, treatment }, slope, shift)
  const t = slope * c + shift
  const variance = (t * (1 - t)) / treatment.n + (slope * slope * c * (1 - c)) / control.n
  return (treatment.value - slope * control.value - shift) / Math.sqrt(Math.max(variance, 0))
}

/** Control's proportion of greatest likelihood when treatment's is slope × control + shift. */
function likeliest({ control, treatment }: Proportions, slope: number, shift: number): number {
  const gradient = (c: number) => {
    const t = slope * c + shift
    return (
      per(control.n * control.value, c) -
      per(control.n * (1 - control.value), 1 - c) +
      slope * (per(treatment.n * treatment.value, t) - per(treatment.n * (1 - treatment.value), 1 - t))
    )
  }
  return crossing(Math.max(0, -shift / slope), Math.min(1, (1 - shift) / slope), gradient)
}

const per = (count: number, share: number) => (count === 0 ? 0 : count / share)

/** Nulls within `critical` of what was seen. */
export function scoreInterval(seen: Proportions, scale: Scale, critical: number): [lower: number, upper: number] {
  const z = (nil: number) => scoreZ(seen, scale, nil)
  if (scale === 'difference') {
    const estimate = seen.treatment.value - seen.control.value
    return [crossing(-1, estimate, (nil) => z(nil) - critical), crossing(estimate, 1, (nil) => z(nil) + critical)]
  }
  const estimate = seen.treatment.value / seen.control.value - 1
  let far = 2 * (1 + estimate) + 1
  while (z(far - 1) > -critical) far *= 2
  const lower = seen.treatment.value === 0 ? -1 : crossing(-1, estimate, (nil) => z(nil) - critical)
  return [lower, crossing(estimate, far - 1, (nil) => z(nil) + critical)]
}

/** Where a falling function crosses zero, by bisection: to the last bit, or to 2⁻¹²⁰ of the bracket near zero. */
function crossing(low: number, high: number, falling: (x: number) => number): number {
  for (let step = 0; step < 120; step++) {
    const middle = low + (high - low) / 2
    if (middle <= low || middle >= high) break
    if (falling(middle) > 0) low = middle
    else high = middle
  }
  return low + (high - low) / 2
}
