import type { ProjectionRow } from './append.ts'
import { contractOf } from '@headwater/contract'
import { definitionOf } from './decider.ts'
import { rowsOf } from './decision.ts'
import type { InlineProjection } from './execute.ts'
import { evolver, type Loaded, upcast } from './states.ts'

/** A stored event, as far as rows follow from it. */
interface Stepping {
  readonly type: string
  readonly version: number
  readonly schemaVersion: number
  readonly data: any
}

/** What an event of an entity makes of its state and of the rows of an inline projection: the same as the append that wrote it. */
export function inlineStep(
  projection: InlineProjection,
): (
  id: string,
  before: Loaded | undefined,
  event: Stepping,
) => { readonly after: Loaded; readonly rows: ProjectionRow[] } {
  const { decider } = projection
  const definition = definitionOf(decider)
  const { types } = contractOf(definition.facts)
  const evolve = evolver(definition)
  return (id, before, event) => {
    const after = { state: evolve(before?.state ?? definition.initialState(), event), version: event.version }
    const given = { type: event.type, data: upcast(types.get(event.type), event.schemaVersion, event.data) }
    return { after, rows: rowsOf(projection, given, { decider, id, ...after }) }
  }
}
