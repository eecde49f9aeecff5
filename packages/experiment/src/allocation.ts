import type { Experiment, Placement } from './experiment.ts'

/**
 * Who gets what, now: all that assignment needs, as data that travels in an event.
 * A service appends `AllocationAdopted` before it uses one; its version grows with every change.
 */
export interface Allocation extends Placement {
  readonly experiment: string
  /** 1, 2, 3… of this experiment. */
  readonly version: number
  /** Content hash of the declaration it carries out. */
  readonly seal: string
  readonly control: string
  readonly seed: string
  /** Percent of each variant, in order of their buckets. */
  readonly variants: { readonly [variant: string]: number }
  /** Set by a decision: everybody gets it, and nobody is exposed any more. */
  readonly everybody?: string
}

/** One that a service has adopted. `silent`: nobody was heard for so long that all get control, until somebody is. */
export interface UsedAllocation extends Allocation {
  readonly silent?: true
}

/** The allocation an experiment starts with, or a later version of it with another coverage or end. */
export function allocationOf(
  experiment: Experiment<any>,
  change: { readonly version?: number; readonly coverage?: number; readonly everybody?: string } = {},
): Allocation {
  const { name, seal, control, seed, variants, coverage, namespace, holdout, eligible } = experiment
  return {
    experiment: name,
    version: change.version ?? 1,
    seal,
    control,
    seed,
    variants,
    coverage: change.coverage ?? coverage ?? 100,
    ...(namespace === undefined ? {} : { namespace }),
    ...(holdout === undefined ? {} : { holdout }),
    ...(eligible === undefined ? {} : { eligible }),
    ...(change.everybody === undefined ? {} : { everybody: change.everybody }),
  }
}
