import type { EventStore } from '@headwater/event-store'
import {
  type Allocations,
  type Attributes,
  type Experiment,
  seen,
  type StreamAppend,
  variantReader,
} from '@headwater/experiment'
import type { Sighting } from './view.ts'

/** Variants of screens: what is shown is not a decision of the domain, so there is no request to append the exposure with. */
export interface Screens {
  /** The exposure is in the log before this answers: once per unit and epoch (allocation), however often the screen is built. */
  variant<V extends string>(experiment: Experiment<V>, unit: string, attributes?: Attributes): Promise<V>
  seen(experiment: Experiment<any>, sighting: Sighting): Promise<void>
}

/** Exposures known to be in the log, so that most screens append nothing; forgotten together, which costs an append each. */
const rememberedMost = 100_000

export function screens(store: EventStore, allocations: Allocations): Screens {
  const known = new Set<string>()
  const append = async (stream: StreamAppend) => {
    const { id } = stream.events[0]!
    if (known.has(id)) return
    const cause = `screen-${id}`
    // Those of other screens that wait at the same time go in the same batch.
    const result = await store.append({ streams: [stream], meta: { correlationId: cause, causationId: cause } })
    // What is known of a unit may have changed since: its first exposure stands.
    const stands = result.kind === 'id-reused' && stream.events[0]!.type === 'ExperimentExposed'
    if (result.kind !== 'appended' && !stands)
      throw new Error(`Expected ${stream.events[0]!.type} to be recorded, got ${result.kind}.`)
    if (known.size >= rememberedMost) known.clear()
    known.add(id)
  }
  return {
    async variant(experiment, unit, attributes) {
      // Not the request's id: one exposure per unit and allocation, whose computed id makes a second one the same event.
      const reader = variantReader(allocations.current(), { request: 'screen' })
      const variant = reader.variant(experiment, unit, attributes)
      for (const exposure of reader.exposures()) await append(exposure)
      return variant
    },
    seen: ({ name }, sighting) => append(seen({ experiment: name, ...sighting })),
  }
}
