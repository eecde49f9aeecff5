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
  const append = async (streams: readonly StreamAppend[]) => {
    const fresh = streams.filter(({ events }) => !known.has(events[0]!.id))
    if (fresh.length === 0) return
    const cause = `screen-${fresh[0]!.events[0]!.id}`
    // Those of other screens that wait at the same time go in the same batch.
    const result = await store.append({ streams: fresh, meta: { correlationId: cause, causationId: cause } })
    if (result.kind !== 'appended') throw new Error(`Expected an exposure to be recorded, got ${result.kind}.`)
    if (known.size >= rememberedMost) known.clear()
    for (const { events } of fresh) known.add(events[0]!.id)
  }
  return {
    async variant(experiment, unit, attributes) {
      // Not the request's id: one exposure per unit and allocation, whose computed id makes a second one the same event.
      const reader = variantReader(allocations.current(), { request: 'screen' })
      const variant = reader.variant(experiment, unit, attributes)
      await append(reader.exposures())
      return variant
    },
    seen: ({ name }, sighting) => append([seen({ experiment: name, ...sighting })]),
  }
}
