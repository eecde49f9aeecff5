import { funnelSql, retentionSql, timelineSql } from '@headwater/lake'

/** The same question for the lake and for ClickHouse over the same files. */
export interface Question {
  readonly name: string
  readonly ours: string
  readonly clickHouse: (table: string) => string
  /** Milliseconds it may take over 10 M events. */
  readonly goalMs?: number
}

const steps = ['CustomerRegistered', 'AccountOpened', 'MoneyDeposited', 'CardPaid']
const DAYS = 28
const UNIT = 'c42'

export const questions: readonly Question[] = [
  {
    name: 'count by type',
    ours: 'select type, count(*) as n from events group by type order by type',
    clickHouse: (table) => `select type, count() from ${table} group by type order by type`,
  },
  {
    name: 'group by a payload field',
    ours: 'select platform, count(*) as n from AppOpened group by platform order by platform',
    clickHouse: (table) =>
      `select customers__AppOpened.platform as p, count() from ${table} where type = 'AppOpened' and service = 'customers' group by p order by p`,
    goalMs: 300,
  },
  {
    name: 'payload sum by payload',
    ours: 'select merchant, sum("amountMinor") as total from CardPaid group by merchant order by total desc, merchant limit 20',
    clickHouse: (table) =>
      `select payments__CardPaid.merchant as m, sum(payments__CardPaid.amountMinor) as total from ${table} where type = 'CardPaid' and service = 'payments' group by m order by total desc, m limit 20`,
    goalMs: 300,
  },
  {
    name: 'funnel of four steps',
    ours: funnelSql({ steps: steps.map((type) => ({ type })), within: `${DAYS}d` }),
    // Lets any start count, as ours does, and gives the units that reached each step.
    clickHouse: (
      table,
    ) => `select arrayJoin(range(1, 5)) as step, ['${steps.join("', '")}'][step] as event, countIf(level >= step) as units from (
      select unit, windowFunnel(${DAYS * 86_400_000})(toUInt64(toUnixTimestamp64Milli(assumeNotNull(occurred_at))), ${steps.map((type) => `type = '${type}'`).join(', ')}) as level
      from ${table} where type in ('${steps.join("', '")}') group by unit) group by step order by step`,
    goalMs: 1_000,
  },
  {
    name: 'weekly retention',
    ours: retentionSql({ start: { type: 'CustomerRegistered' }, back: [{ type: 'AppOpened' }], every: 'week' }),
    clickHouse: (table) => `select cohort, dateDiff('week', cohort, period) as age, count() from
      (select unit, toStartOfWeek(min(occurred_at), 1) as cohort from ${table} where type = 'CustomerRegistered' group by unit) c
      join (select distinct unit, toStartOfWeek(occurred_at, 1) as period from ${table} where type = 'AppOpened') a using unit
      where period >= cohort group by cohort, age order by cohort, age`,
    goalMs: 3_000,
  },
  {
    name: 'timeline of one customer',
    ours: timelineSql({ unit: UNIT }),
    clickHouse: (table) =>
      `select recorded_at, service, position, type, stream, correlation_id, data from ${table} where unit = '${UNIT}' order by recorded_at, service, position limit 1000`,
  },
]
