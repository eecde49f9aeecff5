import type { UsedAllocation } from './allocation.ts'
import { assign, type Attributes } from './assign.ts'
import type { Experiment } from './experiment.ts'
import { exposure, type StreamAppend, withheld } from './exposure.ts'

/** What a decider asks variants of, for one request. */
export interface VariantReader {
  /** The variant of a unit; asking is what records the exposure. Control where the experiment is not running. */
  variant<V extends string>(
    experiment: Pick<Experiment<V>, 'name' | 'control' | 'variants'>,
    unit: string,
    attributes?: Attributes,
  ): V
  /** Exposures of what was asked since the last call, and who was withheld theirs in silence: one call a try, so only the last try's reach the log. */
  exposures(): StreamAppend[]
}

/**
 * Pins the allocations of one request: the same ones answer over all its retries, whatever arrives meanwhile.
 * @param allocations adopted ones by experiment; the map is never changed, a new allocation makes a new map.
 * @param request id of the request, or of the screen's epoch.
 */
export function variantReader(
  allocations: ReadonlyMap<string, UsedAllocation>,
  { request }: { readonly request: string },
): VariantReader {
  let read = new Map<string, StreamAppend>()
  return {
    variant<V extends string>(
      experiment: Pick<Experiment<V>, 'name' | 'control' | 'variants'>,
      unit: string,
      attributes?: Attributes,
    ): V {
      const allocation = allocations.get(experiment.name)
      if (allocation === undefined) return experiment.control as V
      const { variant, takesPart } = assign(allocation, unit, attributes)
      if (takesPart) {
        const said = allocation.silent
          ? withheld(allocation, { unit, request })
          : exposure(allocation, { unit, variant, request, ...(attributes && { attributes }) })
        read.set(said.stream, said)
      }
      if (allocation.silent) return experiment.control as V
      // A variant this code does not know (a newer declaration elsewhere) is answered with control by its author's code.
      return variant as V
    },
    exposures() {
      const appends = [...read.values()]
      read = new Map()
      return appends
    },
  }
}
