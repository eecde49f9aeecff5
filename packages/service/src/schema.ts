import { consumersSql, migrateConsumers } from '@headwater/consumer'
import { migrate, migrationSql, postgresKeyring } from '@headwater/event-store'
import type pg from 'pg'
import { migrateRegister, registerSql } from './reader-register.ts'
import type { Service } from './service.ts'

const keysSchema = 'headwater_keys'

/**
 * Makes all that a service's database must hold, where it is missing. A role that may create nothing finds it made: by whoever owns the
 * database, with `schemaSql`.
 */
export async function makeSchema({ tables }: Service, pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ may: boolean }>(
    `select has_database_privilege(current_database(), 'create') as may`,
  )
  if (!rows[0]!.may) return
  await migrate(pool)
  await migrateConsumers(pool)
  await migrateRegister(pool)
  await postgresKeyring(pool).migrate()
  if (tables !== undefined) await pool.query(tables)
}

/**
 * The same as one script for the database's owner, `psql --single-transaction`. With a role, it may use what was made and make nothing.
 * @param role name of a Postgres role, a plain lower-case identifier
 */
export function schemaSql({ name, tables }: Service, { role }: { readonly role?: string } = {}): string {
  if (role !== undefined && !/^[a-z_][a-z0-9_]{0,62}$/.test(role))
    throw new TypeError(`Expected a role like "bank_app", lower-case letters, digits and "_", got "${role}".`)
  const own = tables === undefined ? [] : [`-- tables of ${name} itself`, `${tables.trim().replace(/;$/, '')};`]
  return [
    '-- events, projections, documents; keys of personal data',
    migrationSql('headwater', { keys: keysSchema }),
    '-- checkpoints of consumers, who reads what',
    consumersSql('headwater').trim(),
    `${registerSql.trim()};`,
    ...own,
    ...(role === undefined ? [] : [grants(role)]),
  ].join('\n')
}

/** For every schema there is: the script made them all, but those every database has. */
const grants = (role: string) => `-- ${role} may use all of it
do $$
declare made text;
begin
  for made in select nspname from pg_namespace where nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'public') and nspname !~ '^pg_' loop
    execute format('grant usage on schema %I to ${role}', made);
    execute format('grant select, insert, update, delete on all tables in schema %I to ${role}', made);
    execute format('grant usage on all sequences in schema %I to ${role}', made);
    execute format('grant execute on all functions in schema %I to ${role}', made);
  end loop;
end $$;`
