import type { Pool } from 'pg'
import type { Keeper } from '../keeper.ts'
import { outboxTable, type OutboxTable } from './outbox-table.ts'
import { parkedTable } from './parked-table.ts'
import { identifier, tables } from './schema.ts'
import { slotTable } from './slot-table.ts'
import { switching } from './switching.ts'
import { poolEffects } from './transactions.ts'

export interface PostgresKeeper extends Keeper {
  readonly outbox: OutboxTable
  /** Makes the tables; safe to call again and from several processes. */
  migrate(): Promise<void>
}

/** Checkpoints, parked events and outbox in a Postgres schema, beside the effects. Needs one connection per lane and two more. */
export function postgresKeeper(pool: Pool, options: { schema?: string } = {}): PostgresKeeper {
  const schema = identifier(options.schema ?? 'headwater')
  const effects = poolEffects(pool)
  return {
    effects,
    parked: parkedTable(pool, schema),
    outbox: outboxTable(pool, schema),
    ...slotTable(pool, effects, schema),
    ...switching(pool, effects, schema),
    async migrate() {
      await effects.transact(async (tx) => {
        await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [`headwater consumer ${schema}`])
        await tx.query(tables(schema))
      })
    },
  }
}
