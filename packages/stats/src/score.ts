import type { Measured } from './result.ts'

/** Successes of units in control and treatment. */
export interface Proportions {
  readonly control: { readonly n: number; readonly value: number }
  readonly treatment: { readonly n: number; readonly value: number }
}

/** Whether proportions are held against a null by the spread they would have under it: always, but with a mixture made for one spread. */
export function isScored(metric: string, { kind }: Pick<Measured, 'kind'>): boolean {
  return metric === 'proportion' && kind !== 'mixture'
}

/** Which pairs of true proportions a null allows: treatment = control + null, or control × (1 + null). */
export type Scale = 'difference' | 'lift'

/**
 * Standard errors between what was seen and a null, measured where the null is likeliest: the score test. For "no difference" it is the pooled z-test (Pearson);
 * for a margin Farrington & Manning 1990; its inversion is the interval of Mee 1984, which is Miettinen & Nurminen's 1985 without N/(N − 1) (difference), and Koopman 1984 (ratio).
 * Keeps its level for small samples and proportions near 0 or 1, where estimate ± z × standard error does not: a share of which no unit is seen
 * yet has a spread at the margin, and none where it is. Being consistent, it serves the confidence sequence as well as one look.
 */
export function scoreZ({ control, treatment }: Proportions, scale: Scale, nil: number): number {
  const [slope, shift] = scale === 'difference' ? [1, nil] : [1 + nil, 0]
  // No proportions are that far apart, so what was seen is endlessly far from the null.
  if (slope <= 0 || shift <= -1) return Infinity
  if (shift >= 1) return -Infinity
  const c = likeliest({ control, treatment }, slope, shift)
  const t = slope * c + shift
  const variance = (t * (1 - t)) / treatment.n + (slope * slope * c * (1 - c)) / control.n
  const gap = treatment.value - slope * control.value - shift
  // Nothing seen and nothing allowed, as of no event in either: exactly what the null says.
  return gap === 0 ? 0 : gap / Math.sqrt(Math.max(variance, 0))
}

/**
 * Control's proportion of greatest likelihood when treatment's is slope × control + shift: where the gradient
 * a/c − b/(1 − c) + slope × (d/t − e/(1 − t)) is zero, multiplied out so that it stays finite.
 */
function likeliest({ control, treatment }: Proportions, slope: number, shift: number): number {
  const [a, b] = [control.n * control.value, control.n * (1 - control.value)]
  const [d, e] = [treatment.n * treatment.value, treatment.n * (1 - treatment.value)]
  return crossing(Math.max(0, -shift / slope), Math.min(1, (1 - shift) / slope), (c) => {
    const t = slope * c + shift
    return (a * (1 - c) - b * c) * t * (1 - t) + slope * (d * (1 - t) - e * t) * c * (1 - c)
  })
}

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

/**
 * Where a falling function crosses zero, to the last bits or to 2⁻¹²⁰ of the bracket near zero: by chords (regula falsi as Anderson and Björck
 * mended it, 1973), and by a half whenever three of them have not halved the bracket.
 */
function crossing(low: number, high: number, falling: (x: number) => number): number {
  let [atLow, atHigh] = [Infinity, -Infinity]
  let [wide, chords] = [high - low, 0]
  const least = wide * 2 ** -120
  for (;;) {
    const middle = low + (high - low) / 2
    if (middle <= low || middle >= high || high - low < least) return middle
    if (high - low <= wide / 2) [wide, chords] = [high - low, 0]
    const chord = low + ((high - low) * atLow) / (atLow - atHigh)
    const x = chord > low && chord < high && chords++ < 3 ? chord : middle
    const value = falling(x)
    if (value === 0) return x
    // The end that stays is weighed less, so that the next chord crosses on its side.
    if (value > 0) {
      if (x === chord) atHigh *= weight(value / atLow)
      ;[low, atLow] = [x, value]
    } else {
      if (x === chord) atLow *= weight(value / atHigh)
      ;[high, atHigh] = [x, value]
    }
  }
}

const weight = (ratio: number) => (ratio < 1 ? 1 - ratio : 0.5)
