import type { Effects } from '@headwater/consumer'
import type { EventStore, InlineProjection } from '@headwater/event-store'
import { type Allocations, variantReader } from '@headwater/experiment'

/**
 * Effects of consumers in the event store's transactions: a command run by a handler is appended with the checkpoint's COMMIT,
 * caused by the event that was handled.
 */
export function effectsOf(
  store: EventStore,
  projections: readonly InlineProjection[],
  allocations: Allocations,
): Effects {
  return {
    transact: (work) =>
      store.transact((tx) => {
        // A unit that several commands ask of was exposed once by the event that is handled.
        const exposed = new Set<string>()
        return work({
          query: (sql, params) => tx.query(sql, params),
          run(command, id, data, cause) {
            const { correlationId, traceparent } = cause
            const variants = variantReader(allocations.current(), { request: cause.id })
            return tx.run(command, id, data, {
              meta: { correlationId, causationId: cause.id, ...(traceparent === undefined ? {} : { traceparent }) },
              inline: projections,
              variant: variants.variant,
              record: () => variants.exposures().filter(({ events }) => isNew(exposed, events[0]!.id)),
            })
          },
        })
      }),
  }
}

function isNew(known: Set<string>, id: string): boolean {
  return known.size < known.add(id).size
}
