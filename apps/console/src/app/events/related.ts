import { landscape } from '../reach.ts'
import type { FeedEvent } from './event.ts'

/** An event of the same correlation, as the lake has it. */
export interface Related {
  readonly id: string
  readonly service: string
  readonly position: number
  readonly type: string
  readonly stream: string
  readonly at: string
  readonly cause: string
  readonly data: any
}

const most = 200

/** Everything that one request led to, in all services, in order of time. */
export async function chainOf({ correlationid }: FeedEvent): Promise<readonly Related[]> {
  if (!/^[\w.:-]{1,200}$/.test(correlationid)) return []
  const sql = `select id, service, position, type, stream, recorded_at, causation_id, data from events
    where correlation_id = '${correlationid}' order by recorded_at, service, events.position limit ${most}`
  const { state } = await landscape.follow('query', { sql })
  return (state.rows as readonly (readonly string[])[]).map(
    ([id, service, position, type, stream, at, cause, data]) => ({
      id: id!,
      service: service!,
      position: Number(position),
      type: type!,
      stream: stream!,
      at: at!,
      cause: cause!,
      data: JSON.parse(data!),
    }),
  )
}

export const requestType = 'RequestReceived'

/** The request that it all came from, as the customer meant it. */
export function intentOf(related: readonly Related[]): Related | undefined {
  return related.find(({ type }) => type === requestType)
}

export interface Node {
  readonly event: Related
  readonly depth: number
}

/** Causes above effects. Requests stand apart: they are the intent. */
export function treeOf(related: readonly Related[]): Node[] {
  const requests = new Set(related.filter(({ type }) => type === requestType).map(({ id }) => id))
  const events = related.filter(({ id }) => !requests.has(id))
  const known = new Set(events.map(({ id }) => id))
  const below = (cause: string, depth: number): Node[] =>
    events
      .filter((one) => one.cause === cause && one.id !== cause)
      .flatMap((event) => [{ event, depth }, ...below(event.id, depth + 1)])
  const roots = events.filter(({ cause, id }) => !known.has(cause) || cause === id)
  return roots.flatMap((event) => [{ event, depth: 0 }, ...below(event.id, 1)])
}
