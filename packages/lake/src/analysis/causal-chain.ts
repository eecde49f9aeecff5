import { text } from '../sql.ts'

/** Deeper than any chain that is not a loop. */
const DEEPEST = 100

/**
 * SQL for what one request led to, across services: its events, each under the one that caused it. `depth` is 0 for what was
 * caused by nothing that is known here; `path` sorts each event after its cause.
 */
export function causalChainSql({ correlationId }: { readonly correlationId: string }): string {
  return `with recursive chain as (
  select * from events where correlation_id = ${text(correlationId)}),
caused as (
  select c, 0 as depth, [(c.recorded_at, c.service, c.position)] as path from chain c
  where not exists (select 1 from chain p where p.id = c.causation_id and p.id <> c.id)
  union all
  select e as c, depth + 1 as depth, list_append(path, (e.recorded_at, e.service, e.position)) as path
  from caused join chain e on e.causation_id = caused.c.id and e.id <> caused.c.id where depth < ${DEEPEST})
select depth, c.service as service, c.position as position, c.type as type, c.stream as stream, c.recorded_at as recorded_at,
  c.id as id, c.causation_id as causation_id, c.data as data
from caused order by path`
}
