import { text } from '../sql.ts'
import { type EventSet, tableOf, whereOf } from './event-set.ts'

export interface Retention {
  /** A unit belongs to the period of its first such event. */
  readonly start: EventSet
  /** Coming back is any event of these; of any type at all without. */
  readonly back?: readonly EventSet[]
  readonly every: 'day' | 'week' | 'month'
}

/** SQL that counts, by cohort and age in periods (0 = the first one), the units that came back: `cohort`, `age`, `units`. */
export function retentionSql({ start, back, every }: Retention): string {
  const period = (time: string) => `date_trunc(${text(every)}, ${time})::date`
  const sets = back ?? [undefined]
  const seen = sets.map(
    (set) =>
      `select distinct unit, ${period('occurred_at')} as period from ${set === undefined ? 'events' : `${tableOf(set)}${whereOf(set)}`}`,
  )
  return `with cohorts as (
  select unit, ${period('min(occurred_at)')} as cohort from ${tableOf(start)}${whereOf(start)} group by unit),
seen as (${seen.join('\nunion ')})
select cohort, date_diff(${text(every)}, cohort, period) as age, count(*) as units
from cohorts join seen using (unit) where period >= cohort group by all order by all`
}
