import { ExperimentRefused } from './refused.ts'

/** How far a metric may move: `1pp` (percentage points of a share), `5%` (of control's value), or a plain number in the metric's own unit. */
export type MarginText = `${number}pp` | `${number}%` | number

/** A margin as data: absolute in the metric's unit, or relative to control. Always positive. */
export interface Margin {
  readonly of: 'absolute' | 'relative'
  readonly amount: number
}

export function marginOf(said: MarginText): Margin {
  const [, digits, unit] = /^\+?(\d+(?:\.\d+)?)(pp|%)?$/.exec(String(said)) ?? []
  const amount = Number(digits)
  if (!(amount > 0)) {
    throw new ExperimentRefused(
      'HW_MARGIN',
      `Expected a margin like "1pp", "5%" or 0.5, got "${said}". Give a number above 0; its direction is in mayRise or mayFall.`,
    )
  }
  // Divided, never multiplied by 0.01: the nearest double of 1/100 is not 0.01 × 1 for every amount.
  return unit === undefined
    ? { of: 'absolute', amount }
    : { of: unit === 'pp' ? 'absolute' : 'relative', amount: amount / 100 }
}
