import { queryOptions, useQuery } from '@tanstack/react-query'
import { landscape } from '../reach.ts'

/** What this screen reads of the experiments service. */
export interface Margin {
  readonly of: 'absolute' | 'relative'
  readonly amount: number
}
export interface Metric {
  readonly name: string
  readonly kind: string
  readonly within?: string
  readonly mayRise?: Margin
  readonly mayFall?: Margin
}
export interface Declaration {
  readonly seal: string
  readonly hypothesis: string
  readonly decidedBy: 'rule' | 'people'
  readonly unit: string
  readonly variants: Readonly<Record<string, number>>
  readonly control: string
  readonly coverage?: number
  readonly primary?: Metric
  readonly secondary: readonly Metric[]
  readonly guardrails: readonly Metric[]
  readonly decide?: { readonly after: string; readonly by: string; readonly alpha?: number }
  readonly lookAt?: string
  readonly lookOn?: string
}
export interface Decision {
  readonly verdict: 'keep' | 'kill'
  readonly variant: string
  readonly because: string
  readonly by: string
  readonly agreedBy?: string
  readonly decidedAt?: string
}
export interface Experiment {
  readonly name: string
  readonly phase: string
  readonly service: string
  readonly version: number
  readonly declaration?: Declaration
  readonly amendment?: Declaration
  readonly question?: string
  readonly until?: string
  readonly override?: {
    readonly verdict: string
    readonly variant: string
    readonly reason: string
    readonly by: string
  }
  readonly decision?: Decision
}
export interface Summary {
  readonly name: string
  readonly phase: string
  readonly service: string
  readonly hypothesis?: string
  readonly decidedBy?: string
  readonly due?: string
  readonly overdue?: boolean
  readonly question?: string
  readonly decision?: Decision
}
export interface Interval {
  readonly estimate: number
  readonly lower: number | null
  readonly upper: number | null
  readonly p?: number
}
export interface Estimate {
  readonly n: number
  readonly value: number
}
export type Compared =
  | { readonly kind: 'cannot-compute'; readonly sentence: string }
  | {
      readonly kind: 'computed'
      readonly metric: string
      readonly control: Estimate
      readonly treatment: Estimate
      readonly difference: Interval
      readonly lift:
        | (Interval & { readonly kind: 'computed' })
        | { readonly kind: 'cannot-compute'; readonly sentence: string }
    }
export type Verdict =
  | { readonly kind: 'computed'; readonly holds: 'yes' | 'no' | 'open'; readonly threshold: number }
  | { readonly kind: 'cannot-compute' }
export interface MetricResult {
  readonly name: string
  readonly role: 'primary' | 'secondary' | 'guardrail' | 'exploratory'
  readonly good: 'up' | 'down'
  readonly alpha: number
  readonly maturing: Readonly<Record<string, number>>
  readonly treatments: readonly {
    readonly variant: string
    readonly comparison: Compared
    readonly verdict?: Verdict
    readonly adjusted?: number
  }[]
}
export interface Ratio {
  readonly kind: string
  readonly p?: number
  readonly mismatch?: boolean
  readonly sentence?: string
}
export interface Results {
  readonly decision: {
    readonly kind: 'keep' | 'kill' | 'wait' | 'ask'
    readonly variant?: string
    readonly because: string
  }
  readonly results: {
    readonly observed: { readonly at: { readonly positions: Readonly<Record<string, number>>; readonly time: string } }
    readonly sampleRatio?: Ratio
    readonly metrics: readonly MetricResult[]
  }
}
export interface Looks {
  readonly looks: readonly {
    readonly at: { readonly time: string }
    readonly rule: string
    readonly exposed: Readonly<Record<string, number>>
    readonly metrics: readonly {
      readonly name: string
      readonly treatments: readonly {
        readonly variant: string
        readonly units?: { readonly control: number; readonly treatment: number }
        readonly difference?: Interval
        readonly lift?: Interval
        readonly sentence?: string
      }[]
    }[]
  }[]
}
export interface Epochs {
  readonly epochs: readonly {
    readonly version: number
    readonly changedAt: string
    readonly coverage: number
    readonly everybody?: string
    readonly logs: readonly { readonly service: string; readonly position: number; readonly afterMs: number }[]
    readonly waiting: readonly string[]
  }[]
}
export interface Exposures {
  readonly variants: Readonly<Record<string, { readonly exposed: number; readonly seen: number }>>
  readonly carriedOver: number
  readonly sampleRatio?: Ratio
  readonly perDay: readonly { readonly day: string; readonly variant: string; readonly units: number }[]
}
export interface Ledger {
  readonly exposures: number
  readonly requests: number
  readonly inFlight: number
  readonly refused: number
  readonly unexplained: number
  readonly faults: readonly {
    readonly kind: string
    readonly service: string
    readonly event: string
    readonly position: number
    readonly unit: string
    readonly because: string
  }[]
}
export interface Forecast {
  readonly history: { readonly from: string; readonly to: string; readonly units: number }
  readonly expected?:
    | { readonly kind: 'computed'; readonly days: number; readonly units: number }
    | { readonly kind: 'cannot-compute'; readonly sentence: string }
  readonly visible: readonly { readonly day: number; readonly lift: number | null }[]
}
export interface Removal {
  readonly goes: readonly {
    readonly kind: string
    readonly name: string
    readonly byHand?: true
    readonly events?: number
    readonly database?: { readonly name: string; readonly bytes: number }
    readonly consumers?: readonly string[]
    readonly projections?: readonly string[]
    readonly links?: readonly { readonly service: string; readonly relation: string }[]
    readonly windDown?: { readonly title: string; readonly left: number }
  }[]
  readonly readers: readonly { readonly service: string; readonly reader: string }[]
  readonly ready: boolean
  readonly because?: string
  readonly gone?: readonly string[]
  readonly left?: readonly string[]
}

const everyMs = 5_000

export const allQuery = queryOptions({
  queryKey: ['experiments'],
  queryFn: async () =>
    (await landscape.service('experiments').follow('experiments')).state.experiments as readonly Summary[],
  refetchInterval: everyMs,
})

const placeOf = (name: string) => landscape.service('experiments').follow('experiment', { experimentId: name })

export const experimentQuery = (name: string) =>
  queryOptions({ queryKey: ['experiments', name], queryFn: async () => await placeOf(name), refetchInterval: everyMs })

/** What the experiment links to, `looks`; undefined where it has no such link, as those decided by people have none to results. */
export function usePart<Part>(name: string, relation: string) {
  return useQuery({
    queryKey: ['experiments', name, relation],
    queryFn: async () => {
      const at = (await placeOf(name)).follow(relation)
      return (at === undefined ? null : (await at).state) as Part | null
    },
    refetchInterval: everyMs,
    retry: false,
  })
}
