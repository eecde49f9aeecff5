import { copied, filled } from './copied.ts'
import type { AnyProjection } from './projection.ts'
import { type EventStore, insideOf } from './store.ts'
import { statement } from './statement.ts'

/**
 * The rows of a projection that are read now, as JSON lines: first `{"position"}`, the last event they follow from, then
 * `{"key","value"}` by key, all of one moment. Chunks may end anywhere.
 */
export function rowsAt(store: EventStore, projection: AnyProjection): AsyncIterable<Uint8Array> {
  const { session, schema } = insideOf(store)
  const values = { projection: projection.name, inline: !('kind' in projection) }
  return copied(session, filled(statement('rows-at', schema), values))
}
