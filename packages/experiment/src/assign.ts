import type { Allocation } from './allocation.ts'
import type { Experiment } from './experiment.ts'
import { bucketOf, requireUnit } from './fnv.ts'
import { ExperimentRefused } from './refused.ts'
import { allocationOf } from './allocation.ts'

export type Attributes = { readonly [name: string]: string | number | boolean }

/** The variant a unit gets, and whether it takes part: only then is acting on it an exposure. */
export interface Assignment {
  readonly variant: string
  readonly takesPart: boolean
  readonly because: 'assigned' | 'decided' | 'not-eligible' | 'held-out' | 'other-part' | 'not-covered'
}

/**
 * Assigns a unit: a pure function of allocation, unit and attributes, equal to GrowthBook's `evalFeature` with
 * hash version 2 (bucket ranges by weight and coverage; namespace and holdout as filters).
 * @param unit visible ASCII, 1 to 128 characters; else HW_UNIT_NOT_ASCII.
 */
export function assign(allocation: Allocation | Experiment<any>, unit: string, attributes?: Attributes): Assignment {
  requireUnit(unit)
  const plan = planOf(allocation)
  if (plan.decided !== undefined) return plan.decided
  if (plan.narrowed) {
    const { eligible, holdout, namespace } = plan.allocation
    if (eligible !== undefined && !isEligible(plan.allocation, attributes)) return plan.outside['not-eligible']
    if (holdout !== undefined && bucketOf(holdout.name, unit) < holdout.percent * 100) return plan.outside['held-out']
    if (namespace !== undefined) {
      const bucket = bucketOf(namespace.name, unit)
      if (bucket < namespace.from * 100 || bucket >= namespace.to * 100) return plan.outside['other-part']
    }
  }
  const bucket = bucketOf(plan.allocation.seed, unit)
  for (const { from, to, assignment } of plan.ranges) if (bucket >= from && bucket < to) return assignment
  return plan.outside['not-covered']
}

interface Plan {
  readonly allocation: Allocation
  readonly narrowed: boolean
  readonly decided?: Assignment
  readonly outside: Record<Exclude<Assignment['because'], 'assigned' | 'decided'>, Assignment>
  readonly ranges: readonly { readonly from: number; readonly to: number; readonly assignment: Assignment }[]
}

/** What can be worked out once per allocation; allocations are immutable. */
const plans = new WeakMap<Allocation | Experiment, Plan>()

function planOf(of: Allocation | Experiment): Plan {
  let plan = plans.get(of)
  if (plan === undefined) {
    plan = makePlan('experiment' in of ? of : allocationOf(of))
    plans.set(of, plan)
  }
  return plan
}

function makePlan(allocation: Allocation): Plan {
  const { control, everybody } = allocation
  const outside = (because: Assignment['because']) => ({ variant: control, takesPart: false, because })
  return {
    allocation,
    narrowed: [allocation.eligible, allocation.holdout, allocation.namespace].some((part) => part !== undefined),
    ...(everybody === undefined ? {} : { decided: { variant: everybody, takesPart: false, because: 'decided' } }),
    outside: {
      'not-eligible': outside('not-eligible'),
      'held-out': outside('held-out'),
      'other-part': outside('other-part'),
      'not-covered': outside('not-covered'),
    },
    ranges: rangesOf(allocation),
  }
}

/** Bucket ranges, with the very same additions of doubles as GrowthBook's getBucketRanges, so that edges fall alike. */
function rangesOf({ variants, coverage = 100 }: Allocation): Plan['ranges'] {
  let cumulative = 0
  return Object.entries(variants).map(([variant, percent]) => {
    const start = cumulative
    const weight = percent / 100
    cumulative += weight
    const assignment: Assignment = { variant, takesPart: true, because: 'assigned' }
    return { from: firstBucketFrom(start), to: firstBucketFrom(start + (coverage / 100) * weight), assignment }
  })
}

/** Least bucket b with b / 10000 ≥ n, as doubles. */
function firstBucketFrom(n: number): number {
  let bucket = Math.max(0, Math.floor(n * 10_000) - 1)
  while (bucket / 10_000 < n) bucket++
  return bucket
}

function isEligible({ experiment, eligible = {} }: Allocation, attributes: Attributes | undefined): boolean {
  return Object.entries(eligible).every(([name, wanted]) => {
    const value = attributes?.[name]
    if (value === undefined) {
      throw new ExperimentRefused(
        'HW_ATTRIBUTE_MISSING',
        `Experiment ${experiment} is for units by their attribute "${name}". Ask variant(experiment, unit, { ${name} }).`,
      )
    }
    return (Array.isArray(wanted) ? wanted : [wanted]).includes(value)
  })
}
