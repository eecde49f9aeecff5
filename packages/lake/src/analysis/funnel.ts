import { LakeError } from '../failure.ts'
import { text } from '../sql.ts'
import { type EventSet, interval, tableOf, whereOf } from './event-set.ts'

export interface Funnel {
  /** Two to ten, in order: a unit is at a step when it did it at or after the one before it, within the window of its start. */
  readonly steps: readonly EventSet[]
  /** From start to last step, e.g. `7d`. */
  readonly within: string
  /** Whether any event of the first step may be the start (default), or the unit's first one alone. */
  readonly starts?: 'any' | 'first'
  /** An SQL expression on the first step's columns; the funnel is broken down by it. A unit counts in each part it started in. */
  readonly by?: string
}

/**
 * SQL that counts the units at each step: `part` (where broken down), `step` (1, 2, …), `event`, `units`. From one start the
 * earliest next event is the best choice, so each start is followed by the nearest event of each step in turn. Costs grow with the
 * pairs of events a unit has of two steps in a row.
 */
export function funnelSql({ steps, within, starts = 'any', by }: Funnel): string {
  if (steps.length < 2 || steps.length > 10)
    throw new LakeError('HW_LAKE_FUNNEL', `Expected two to ten steps, got ${steps.length}.`)
  const first = steps[0]!
  const part = by === undefined ? 'null' : `(${by}\n)`
  const start =
    starts === 'any'
      ? `select unit, occurred_at as t, occurred_at as started, ${part} as part from ${tableOf(first)}${whereOf(first)}`
      : `select unit, min(occurred_at) as t, t as started, arg_min(${part}, occurred_at) as part from ${tableOf(first)}${whereOf(first)} group by unit`
  const reached = steps.slice(1).map((step, index) => {
    // The same type twice in a row is two events: then the second has to come later.
    const order = tableOf(step) === tableOf(steps[index]!) ? '>' : '>='
    // Of starts that lead to the same event, the latest has the most time left: it stands for the others.
    return `reached_${index + 2} as materialized (
  select unit, part, t, max(started) as started from (
    select b.unit, b.part, b.started, min(e.t) as t from reached_${index + 1} b
    join (select unit, occurred_at as t from ${tableOf(step)}${whereOf(step)}) e
      on b.unit = e.unit and e.t ${order} b.t and e.t <= b.started + ${interval(within)}
    group by b.unit, b.part, b.started)
  group by unit, part, t)`
  })
  const counts = steps.map(
    (_, index) =>
      `select part, ${index + 1} as step, count(distinct unit) as units from reached_${index + 1} group by part`,
  )
  const parts = by === undefined ? 'select null as part' : 'select distinct part from reached_1'
  const all = steps.map(({ type }, index) => `(${index + 1}, ${text(type)})`).join(', ')
  return `with reached_1 as materialized (${start}),
${reached.join(',\n')},
counts as (${counts.join('\nunion all ')})
select ${by === undefined ? '' : 'p.part as part, '}s.step as step, s.event as event, coalesce(c.units, 0) as units
from (${parts}) p cross join (values ${all}) s(step, event) left join counts c on c.step = s.step and c.part is not distinct from p.part
order by all`
}
