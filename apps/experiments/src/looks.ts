import type { Experiment } from '@headwater/experiment'
import { type Compared, conclude, decide, type Observed, type Role } from '@headwater/experiment/analysis'

/** What an experiment said at a moment: enough to draw how its intervals went. */
export interface Look {
  readonly at: Observed['at']
  /** What the rule said, and why. */
  readonly rule: string
  readonly because: string
  readonly exposed: Readonly<Record<string, number>>
  readonly metrics: readonly {
    readonly name: string
    readonly role: Role
    readonly treatments: readonly LookedAt[]
  }[]
}

/** Ends of intervals are null where they are not bounded; all are absent where nothing could be computed, and `sentence` says why. */
export interface LookedAt {
  readonly variant: string
  readonly units?: { readonly control: number; readonly treatment: number }
  readonly difference?: Interval
  readonly lift?: Interval
  readonly holds?: 'yes' | 'no' | 'open'
  readonly sentence?: string
}

export interface Interval {
  readonly estimate: number
  readonly lower: number | null
  readonly upper: number | null
}

/** What the sealed rule and the statistics say of an observation, without the sums. */
export function lookOf(experiment: Experiment<any>, observed: Observed): Look {
  const results = conclude(experiment, observed)
  const { kind, because } = decide(experiment, results)
  return {
    at: observed.at,
    rule: kind,
    because,
    exposed: Object.fromEntries(Object.entries(observed.variants).map(([name, { exposed }]) => [name, exposed])),
    metrics: results.metrics.map(({ name, role, treatments }) => ({
      name,
      role,
      treatments: treatments.map(lookedAt),
    })),
  }
}

function lookedAt({ variant, comparison, verdict }: Compared): LookedAt {
  if (comparison.kind !== 'computed') return { variant, sentence: comparison.sentence }
  const { control, treatment, difference, lift } = comparison
  return {
    variant,
    units: { control: control.n, treatment: treatment.n },
    difference: intervalOf(difference),
    ...(lift.kind === 'cannot-compute' ? {} : { lift: intervalOf(lift) }),
    ...(verdict?.kind === 'computed' ? { holds: verdict.holds } : {}),
  }
}

const intervalOf = ({ estimate, lower, upper }: Interval): Interval => ({ estimate, lower, upper })
