import { microsOf } from './duration.ts'
import { capOf, type Events, type Measure, type Metric } from './metric.ts'

/** What a metric is asked about: units of an era, events before a time. */
export interface Asked {
  /** SELECT of each unit's first exposure: (unit, variant, service, position, time, causation_id). */
  readonly exposures: string
  /** SELECT of some outcomes: (unit, value, unfit, service, position, time, causation_id). */
  readonly outcomes: (events: Events, measure?: Measure) => string
  /** Microseconds since 1970: windows that end later are open. */
  readonly time: number
}

/** One row per variant: n, maturing, unfit (units with an amount out of scale, which are in no sum; `example` is one), and the sums named y, x, yy, xx, xy, by, bx, … as text. */
export function sumsSql(metric: Metric, asked: Asked): string {
  const { measure, per } = metric
  const value = (alias: 'm' | 'p', column: string) => {
    const cap = capOf(metric, alias === 'm' ? measure : per)
    return cap === undefined ? `coalesce(${alias}.${column}, 0)` : `least(coalesce(${alias}.${column}, 0), ${cap})`
  }
  return `with ${unitsSql(metric, asked)},
  ${metric.funnel === undefined ? perUnitSql('m', metric, measure!, asked) : funnelSql(metric, asked)},
  ${per === undefined ? 'p as (select null as unit, 0 as value, 0 as before, null as unfit where false)' : perUnitSql('p', metric, per, asked)},
  v as (
    select u.variant, u.closed, coalesce(m.unfit, p.unfit) as unfit,
      cast(${value('m', 'value')} as hugeint) as y, cast(${value('m', 'before')} as hugeint) as b,
      cast(${value('p', 'value')} as hugeint) as x, cast(${value('p', 'before')} as hugeint) as a
    from u left join m on m.unit = u.unit left join p on p.unit = u.unit)
  ${metric.kind === 'quantile' ? valuesSql : productsSql}`
}

const terms: readonly [name: string, term: string][] = [
  ...(['y', 'x', 'b', 'a'] as const).map((one) => [one, one] as [string, string]),
  ...(['yy', 'xx', 'yx', 'bb', 'aa', 'ba', 'yb', 'ya', 'xb', 'xa'] as const).map(
    (pair) => [pair, `${pair[0]} * ${pair[1]}`] as [string, string],
  ),
]

/** b is y before exposure, a is x before. */
const productsSql = `select variant, cast(count(*) filter (closed and unfit is null) as varchar) as n, cast(count(*) filter (not closed) as varchar) as maturing,
  cast(count(unfit) as varchar) as unfit, max(unfit) as example,
  ${terms.map(([name, term]) => `cast(coalesce(sum(${term}) filter (closed and unfit is null), 0) as varchar) as ${name}`).join(', ')}
  from v group by variant order by variant`

const valuesSql = `select variant, cast(coalesce(sum(units) filter (not closed), 0) as varchar) as maturing,
  cast(coalesce(sum(units) filter (lost), 0) as varchar) as unfit, max(example) as example,
  string_agg(y || ':' || units, ',' order by y) filter (closed and not lost) as units
  from (select variant, closed, unfit is not null as lost, y, count(*) as units, max(unfit) as example from v group by all)
  group by variant order by variant`

function unitsSql(metric: Metric, { exposures, time }: Asked): string {
  return `u as (select *, time + ${microsOf(metric.within!)} <= ${time} as closed from (${exposures}))`
}

/** Whether an outcome o is after the exposure of u: by order and cause within a log, by time (with tolerance) across logs. */
const after = (metric: Metric) => `(case when o.service = u.service
    then o.position > u.position or (o.time = u.time and o.causation_id = u.causation_id)
    else o.time >= u.time - ${microsOf(metric.tolerance)} end)`

/** Whether it falls into the metric's window. */
const inWindow = (metric: Metric) =>
  `(o.time < u.time + ${microsOf(metric.within!)} and greatest(o.time, u.time) >= u.time + ${microsOf(metric.from ?? '0s')})`

function perUnitSql(alias: string, metric: Metric, measure: Measure, { outcomes }: Asked): string {
  const earlier = metric.before === undefined ? 'false' : `o.time >= u.time - ${microsOf(metric.before)}`
  const total = (column: string) =>
    measure.of === 'any' ? `least(coalesce(sum(${column}), 0), 1)` : `coalesce(sum(${column}), 0)`
  return `${alias} as (
    select unit, ${total('value')} as value, ${total('before')} as before, max(unfit) as unfit from (
      select u.unit, o.unfit, case when ${after(metric)} then o.value end as value, case when not ${after(metric)} then o.value end as before
      from u join (${outcomes(measure.events, measure)}) o on o.unit = u.unit
      where u.closed and case when ${after(metric)} then ${inWindow(metric)} else ${earlier} end
    ) group by unit)`
}

/** Units that went through all steps: each event of step k carries the latest start that leads to it, in canonical order. */
function funnelSql(metric: Metric, asked: Asked): string {
  const { steps, start, inside } = metric.funnel!
  const outcomes = steps
    .map((step, k) => `select ${k} as step, unit, service, position, time, causation_id from (${asked.outcomes(step)})`)
    .join(' union all ')
  const before = `over (partition by unit order by time, service, position groups between unbounded preceding and 1 preceding)`
  const starts = start === 'first' ? `step = 0 and count(*) filter (step = 0) ${before} = 0` : 'step = 0'
  const stage = (k: number) => {
    const reached = `max(start) filter (step = ${k - 1}) ${before}`
    const started = `case when time - ${reached} < ${microsOf(inside ?? metric.within!)} then ${reached} end`
    return `s${k} as (select * replace (case when step = ${k} then ${started} else start end as start) from s${k - 1})`
  }
  const last = steps.length - 1
  return `j as (select o.unit, o.step, o.service, o.position, o.time
    from u join (${outcomes}) o on o.unit = u.unit where u.closed and ${after(metric)} and ${inWindow(metric)}),
  s0 as (select *, case when ${starts} then time end as start from j),
  ${steps
    .slice(1)
    .map((_, index) => stage(index + 1))
    .join(',\n  ')},
  m as (select unit, 1 as value, 0 as before, null as unfit from s${last} where step = ${last} and start is not null group by unit)`
}
