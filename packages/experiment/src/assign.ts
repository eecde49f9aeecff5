import type { Allocation } from './allocation.ts'
import type { Experiment } from './experiment.ts'
import { bucketOf, seedHash } from './fnv.ts'
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
  const plan = planOf(allocation)
  // Hashed first, whatever follows: an id that cannot be hashed is refused always, not only where somebody takes part.
  const bucket = bucketOf(plan.seed, unit)
  if (plan.decided !== undefined) return plan.decided
  if (plan.eligible && !isEligible(plan.allocation, attributes)) return plan.outside['not-eligible']
  for (const { seed, from, to, because } of plan.filters) {
    const place = bucketOf(seed, unit)
    if (place < from || place >= to) return plan.outside[because]
  }
  return plan.buckets[bucket]!
}

interface Plan {
  readonly allocation: Allocation
  /** State of the hash after the seed. */
  readonly seed: number
  readonly eligible: boolean
  readonly decided?: Assignment
  /** Buckets of other seeds that a unit must be in: holdout, then namespace. */
  readonly filters: readonly Filter[]
  readonly outside: Record<Exclude<Assignment['because'], 'assigned' | 'decided'>, Assignment>
  /** The assignment of each of the 10,000 buckets. */
  readonly buckets: readonly Assignment[]
}

interface Filter {
  readonly seed: number
  readonly from: number
  readonly to: number
  readonly because: 'held-out' | 'other-part'
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
  const { control, everybody, holdout, namespace } = allocation
  const outside = (because: Assignment['because']) => ({ variant: control, takesPart: false, because })
  return {
    allocation,
    seed: seedHash(allocation.seed),
    eligible: allocation.eligible !== undefined,
    filters: [
      ...(holdout === undefined ? [] : [filterOf('held-out', holdout.name, holdout.percent, 100)]),
      ...(namespace === undefined ? [] : [filterOf('other-part', namespace.name, namespace.from, namespace.to)]),
    ],
    ...(everybody === undefined ? {} : { decided: { variant: everybody, takesPart: false, because: 'decided' } }),
    outside: {
      'not-eligible': outside('not-eligible'),
      'held-out': outside('held-out'),
      'other-part': outside('other-part'),
      'not-covered': outside('not-covered'),
    },
    buckets: bucketsOf(allocation, outside('not-covered')),
  }
}

function filterOf(because: Filter['because'], name: string, from: number, to: number): Filter {
  return { seed: seedHash(name), from: firstBucketFrom(from / 100), to: firstBucketFrom(to / 100), because }
}

/** Bucket ranges, with the very same additions of doubles as GrowthBook's getBucketRanges, so that edges fall alike. */
function bucketsOf({ variants, coverage = 100 }: Allocation, notCovered: Assignment): Assignment[] {
  const buckets = Array.from({ length: 10_000 }, () => notCovered)
  let cumulative = 0
  // Written from the last to the first, since GrowthBook takes the first range a bucket is in.
  const ranges = Object.entries(variants).map(([variant, percent]) => {
    const [start, weight] = [cumulative, percent / 100]
    cumulative += weight
    return { variant, from: firstBucketFrom(start), to: firstBucketFrom(start + (coverage / 100) * weight) }
  })
  for (const { variant, from, to } of ranges.reverse()) {
    buckets.fill({ variant, takesPart: true, because: 'assigned' }, from, Math.min(to, 10_000))
  }
  return buckets
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
