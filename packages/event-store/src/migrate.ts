import type pg from 'pg'
import { Connection } from './connection.ts'
import { keyringSql } from './keyring.ts'
import { checkedSchema, statement } from './statement.ts'

/** What each version of the stored format adds, in order. A version that was released never changes. */
const versions: readonly (readonly string[])[] = [
  [
    'event-table',
    'clock-function',
    'lineage-table',
    'first-lineage',
    'projection-table',
    'build-table',
    'row-table',
    'snapshot-table',
    'document-table',
    'rows-view',
    'put-rows-function',
    'put-build-rows-function',
    'switch-build-function',
    'check-batch-function',
    'append-batch-function',
    'append-one-function',
    'append-strict-function',
    'append-function',
    'known-function',
    'adopt-function',
  ],
]

/** Brings a database schema to this version; does nothing when it is there, so that a role which may create nothing can start. Any number may call it at once. */
export async function migrate(pool: pg.Pool, options: { readonly schema?: string } = {}): Promise<void> {
  const schema = checkedSchema(options.schema ?? 'headwater')
  if ((await versionOf(pool, schema)) >= versions.length) return
  const connection = await Connection.of(pool)
  const { client } = connection
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtextextended('headwater.migrate', 0))`)
    const at = await versionOf(client, schema)
    if (at < versions.length) await client.query(script(schema, at))
    await client.query('commit')
  } catch (error) {
    await connection.rollback()
    throw error
  } finally {
    connection.release()
  }
}

/** All of it as one script, for a database whose owner is another: run it with `psql --single-transaction`. `keys`: schema of a keyring to make with it. */
export function migrationSql(schema = 'headwater', { keys }: { readonly keys?: string } = {}): string {
  return `${script(checkedSchema(schema), 0)}${keys === undefined ? '' : `\n${keyringSql(keys)}\n`}`
}

function script(schema: string, from: number): string {
  const start = from === 0 ? [`create schema if not exists ${schema}`, statement('migration-table', schema)] : []
  const steps = versions
    .slice(from)
    .flatMap((names, index) => [
      ...names.map((name) => statement(name, schema)),
      `insert into ${schema}.migration (version) values (${from + index + 1})`,
    ])
  return [...start, ...steps].map((text) => `${text};\n`).join('\n')
}

async function versionOf(pool: pg.Pool | pg.PoolClient, schema: string): Promise<number> {
  // Not to_regclass: that answers from the session's name cache, which may be older than the lock.
  const found = await pool.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = 'migration'`,
    [schema],
  )
  if (found.rowCount === 0) return 0
  const { rows } = await pool.query(`select coalesce(max(version), 0)::text as version from ${schema}.migration`)
  return Number(rows[0].version)
}

/**
 * Sets a log's clock ahead, for a landscape in which time is tried out (simulations): what is recorded from now on is that much later.
 * It cannot be set back below what is recorded already. Needs the role that owns the schema.
 */
export async function setClockAhead(
  pool: pg.Pool,
  { schema = 'headwater', byMs }: { readonly schema?: string; readonly byMs: number },
): Promise<void> {
  if (!Number.isSafeInteger(byMs) || byMs < 0) throw new TypeError(`Expected whole milliseconds from 0, got ${byMs}.`)
  const body = statement('clock-function', checkedSchema(schema))
    .replace('create function', 'create or replace function')
    .replace('clock_timestamp()', `(clock_timestamp() + interval '${byMs} milliseconds')`)
  await pool.query(body)
}
