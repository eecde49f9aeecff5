import type { Experiment } from '@headwater/experiment'
import {
  analyse,
  conclude,
  decide,
  type Decision,
  type LookAt,
  type Observed,
  type Query,
  type Results,
} from '@headwater/experiment/analysis'

/** All that somebody else needs to come to the same result, and the command that does. */
export interface Dossier {
  readonly experiment: Experiment<any>
  /** Exact sums: with them alone the whole result can be computed again. */
  readonly observed: Observed
  readonly results: Results
  readonly decision: Decision
  readonly node: string
  /** From these sums alone, anywhere. */
  readonly recompute: string
  /** From the events again, for who may ask the landscape. */
  readonly observeAgain: string
}

export async function dossierOf(experiment: Experiment<any>, query: Query, at?: LookAt): Promise<Dossier> {
  const results = await analyse(experiment, { query, ...(at && { at }) })
  const { observed } = results
  const where = Object.entries(observed.at.positions).map(([log, position]) => `${log}=${position}`)
  return {
    experiment,
    observed,
    results,
    decision: decide(experiment, results),
    node: process.version,
    recompute: 'headwater experiment recompute FILE',
    observeAgain: `headwater experiment results ${experiment.name} --at ${where.join(',')} --time ${observed.at.time} --json`,
  }
}

/** The result again, from a dossier's sums alone: the same bytes, or the dossier was changed. */
export function recompute({ experiment, observed }: Pick<Dossier, 'experiment' | 'observed'>): {
  results: Results
  decision: Decision
} {
  const results = conclude(experiment, observed)
  return { results, decision: decide(experiment, results) }
}
