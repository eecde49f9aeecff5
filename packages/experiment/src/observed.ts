import type { SumsJson } from '@headwater/stats'

/** Where a look is taken: the last position of each log, and a time that all of them have passed. */
export interface LookAt {
  readonly positions?: { readonly [service: string]: number }
  /**
   * RFC 3339. Default: the earliest of the last recorded times of the logs involved, which an idle log holds back.
   * Who has read every log to its end knows better and says so.
   */
  readonly time?: string
}

/**
 * What was seen of an experiment at a position vector: exact, the same bytes from SQL and from events as they come.
 * A unit enters a metric's sums once, when its window after first exposure has closed.
 */
export interface Observed {
  readonly experiment: string
  readonly seal: string
  /** Version of the rules by which events become sums. */
  readonly engine: number
  readonly at: { readonly positions: { readonly [service: string]: number }; readonly time: string }
  /** Absent before the first service adopted an allocation. */
  readonly era?: { readonly firstVersion: number; readonly lastVersion: number; readonly until?: string }
  readonly variants: { readonly [variant: string]: ObservedVariant }
  /** Units first exposed in an earlier era: they count nowhere. */
  readonly carriedOver: number
  readonly metrics: readonly ObservedMetric[]
}

export interface ObservedVariant {
  readonly exposed: number
  /** Units whose phone said that the variant was shown, of those exposed. */
  readonly seen: number
  /** First and last time a unit was first exposed. */
  readonly from?: string
  readonly to?: string
}

export interface ObservedMetric {
  readonly name: string
  readonly variants: {
    readonly [variant: string]: {
      /** Units whose window is still open. */
      readonly maturing: number
      /** Units with an amount that the metric's scale does not hold: they are in no sum, and nothing is concluded. Absent where there are none. */
      readonly unfit?: number
      readonly sums?: SumsJson
      /** For a quantile: how many units have each value, in order of value. */
      readonly values?: readonly (readonly [value: string, units: number])[]
    }
  }
}

/** Rises when the same events would give other sums. */
export const engine = 1
