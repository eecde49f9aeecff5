import { ExperimentRefused } from './refused.ts'

/** A length of time as it is said in a declaration: `28d`, `12h`, `90m`, `30s`, `4w`. */
export type Duration = `${number}${'s' | 'm' | 'h' | 'd' | 'w'}`

const secondsIn: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Longest window a metric may have: ten years, so that microseconds stay exact in a double. */
const longestSeconds = 10 * 366 * 86_400

/** Microseconds in a duration. */
export function microsOf(duration: string): number {
  const [, digits, unit] = /^(\d{1,9})([smhdw])$/.exec(duration) ?? []
  const seconds = Number(digits) * (secondsIn[unit!] ?? Number.NaN)
  if (!(seconds <= longestSeconds)) {
    throw new ExperimentRefused(
      'HW_DURATION',
      `Expected a duration like "28d", got "${duration}". Give a whole number and one of s, m, h, d, w; at most ten years.`,
    )
  }
  return seconds * 1e6
}
