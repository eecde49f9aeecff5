// Another service, with a database of its own: how much is saved in all pots together. It knows nothing of how pots are kept.
import { consumer, migrateConsumers, postgresKeeper, runConsumer, type Source } from '@headwater/consumer'
import type pg from 'pg'
import { facts } from './2-events.ts'

const add = 'update total set saved_minor = saved_minor + $1, events = events + 1'
export const totals = consumer('totals', facts, {
  PotTakenOver: ({ savedMinor }, { query }) => query(add, [savedMinor]),
  Saved: ({ amountMinor }, { query }) => query(add, [amountMinor]),
  Withdrawn: ({ amountMinor }, { query }) => query(add, [-amountMinor]),
})

export async function startTotals(pool: pg.Pool, source: Source) {
  await migrateConsumers(pool)
  await pool.query(`
    create table if not exists total (one int primary key, saved_minor bigint not null, events bigint not null);
    insert into total values (1, 0, 0) on conflict do nothing`)
  return runConsumer(totals, { source, keeper: postgresKeeper({ pool }) })
}
