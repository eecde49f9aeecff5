import type { Pool } from 'pg'
import type { Effects } from '../effects.ts'
import type { Keeper } from '../keeper.ts'
import type { Outbox } from '../outbox.ts'
import { outboxTable } from './outbox-table.ts'
import { parkedTable } from './parked-table.ts'
import { tables } from './schema.ts'
import { identifier } from '../identifier.ts'
import { type Shadows, shadows } from './shadows.ts'
import { slotTable } from './slot-table.ts'
import { switching } from './switching.ts'
import { poolEffects } from './transactions.ts'

export interface PostgresKeeper extends Keeper {
  readonly outbox: Outbox
  readonly shadows: Shadows
}

export interface PostgresKeeperOptions {
  /** Needs one connection per lane and two more. */
  readonly pool: Pool
  /** Schema of the bookkeeping (default `headwater`). */
  readonly schema?: string
  /** Transactions for effects, in the same database; default: the pool's. */
  readonly effects?: Effects
}

/** Checkpoints, parked events and outbox in a Postgres schema, beside the effects. Make the tables with `migrateConsumers`. */
export function postgresKeeper({ pool, effects, ...options }: PostgresKeeperOptions): PostgresKeeper {
  const schema = identifier(options.schema ?? 'headwater')
  const own = poolEffects(pool)
  return {
    effects: effects ?? own,
    parked: parkedTable(pool, schema),
    outbox: outboxTable(pool, schema),
    shadows: shadows(own, schema),
    ...slotTable(pool, own, schema),
    ...switching(pool, own, schema),
  }
}

/** Makes the tables a consumer's bookkeeping needs; safe to call again and from several processes. */
export async function migrateConsumers(pool: Pool, options: { schema?: string } = {}): Promise<void> {
  const schema = identifier(options.schema ?? 'headwater')
  await poolEffects(pool).transact(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [`headwater consumer ${schema}`])
    await tx.query(tables(schema))
  })
}
