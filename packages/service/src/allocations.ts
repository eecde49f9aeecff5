import { type AnyFacts, type Contract, contractOf } from '@headwater/contract'
import { consumer, type Consumer } from '@headwater/consumer'
import type { EventStore } from '@headwater/event-store'
import {
  adoption,
  type Allocation,
  type Allocations,
  declared,
  type Experiment,
  experimentFacts,
  followAllocations,
} from '@headwater/experiment'
import { requestFacts } from './request.ts'

/** The facts of the experiments service: it is named, not imported, so that a landscape may leave it out. */
const decided = experimentFacts('experiments')

/** A service's contract with the events that Headwater itself keeps in its log. */
export function wholeContract(name: string, facts: AnyFacts): Contract {
  const own = [facts, experimentFacts(name), requestFacts(name)].map(contractOf)
  return { service: name, types: new Map(own.flatMap(({ types }) => [...types])) }
}

/** The allocations in use, as this service's own log has adopted them. */
export async function adoptedAllocations(
  store: EventStore,
  experiments: readonly Experiment<any>[],
  options: { readonly now: () => number; readonly onSilence: (sinceMs: number) => void },
): Promise<Allocations> {
  const allocations = followAllocations(options)
  for (const experiment of experiments) {
    await store.append({
      streams: [declared(store.service, experiment)],
      meta: selfCaused(store.service, experiment.name),
    })
    const adoptions = await store.read(`allocation-${experiment.name}`)
    const last = adoptions.at(-1)
    if (last !== undefined) allocations.use(last.data as Allocation)
  }
  return allocations
}
