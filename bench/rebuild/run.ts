// Rebuilding 10,000 balances from the log: folded in TypeScript, and in SQL.
import { events } from '@headwater/contract'
import { migrate, openStore, projection, rebuild, sqlProjection } from '@headwater/event-store'
import pg from 'pg'
import { z } from 'zod'
import { fill } from '../harness/events.ts'
import { median } from '../harness/pairs.ts'
import { full, report } from '../harness/report.ts'
import { emmettRate } from './emmett.ts'

const count = full ? 1_000_000 : 300_000
const url = process.env.DATABASE_URL!
const pool = new pg.Pool({ connectionString: url, max: 8 })
await migrate(pool)
await fill(pool, count)
const store = openStore({ pool, service: 'bench' })
const facts = events('bench', {
  Moved: { data: z.object({ accountId: z.string(), amountMinor: z.int(), note: z.string() }) },
})
const folded = projection('folded', facts, {
  key: ({ data }) => data.accountId,
  initial: () => ({ balance: 0 }),
  on: { Moved: ({ balance }, { amountMinor }) => ({ balance: balance + amountMinor }) },
})
const inSql = sqlProjection('in-sql', facts, {
  types: ['Moved'],
  select: `select data->>'accountId' as key, jsonb_build_object('balance', sum((data->>'amountMinor')::bigint)) as value from events group by 1`,
  merge: `jsonb_build_object('balance', (old.value->>'balance')::bigint + (excluded.value->>'balance')::bigint)`,
})

const rates = { fold: [] as number[], sql: [] as number[] }
for (let round = 0; round < 3; round++) {
  rates.fold.push(count / (await rebuild(store, folded)).seconds)
  rates.sql.push(count / (await rebuild(store, inSql)).seconds)
}
const differing = await pool.query(
  `select count(*)::int as count from (select key, value from headwater.rows where projection = 'folded') a
   full join (select key, value from headwater.rows where projection = 'in-sql') b using (key) where a.value is distinct from b.value`,
)
const [fold, sql] = [median(rates.fold), median(rates.sql)]
const emmett = await emmettRate(url, full ? 10_000 : 3_000)
const k = (rate: number) => `${(rate / 1000).toFixed(1)} k/s`
report(
  [
    { name: 'fold in TypeScript', value: k(fold), goal: '≥ 60 k/s', met: fold >= 60_000 },
    { name: 'in SQL', value: k(sql), goal: '≥ 400 k/s', met: sql >= 400_000 },
    { name: 'Emmett’s rebuild', value: k(emmett) },
    { name: 'fold : Emmett', value: `${(fold / emmett).toFixed(0)} ×`, goal: '≥ 30', met: fold / emmett >= 30 },
    {
      name: 'rows that differ between the two',
      value: String(differing.rows[0].count),
      goal: '0',
      met: differing.rows[0].count === 0,
    },
  ],
  `rebuild: ${k(fold)} folded, ${k(sql)} in SQL, over ${count} events`,
)
await pool.end()
