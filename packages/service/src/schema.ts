import { consumersSql, keptTablesSql, migrateConsumers } from '@headwater/consumer'
import { migrate, migrationSql, postgresKeyring } from '@headwater/event-store'
import pg from 'pg'
import { migrateRegister, registerSql } from './reader-register.ts'
import type { Service } from './service.ts'

const keysSchema = 'headwater_keys'

/**
 * Makes all that a service's database must hold, where it is missing. A role that may create nothing finds it made: by whoever owns the
 * database, with `schemaSql`.
 */
export async function makeSchema({ tables, consumers }: Service, pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ may: boolean }>(
    `select has_database_privilege(current_database(), 'create') as may`,
  )
  if (!rows[0]!.may) return
  await migrate(pool)
  await migrateConsumers(pool)
  await migrateRegister(pool)
  await postgresKeyring(pool).migrate()
  if (tables !== undefined) await alone(pool, tables)
  for (const kept of keptBy(consumers)) await alone(pool, kept)
}

function keptBy(consumers: Service['consumers'] = []): string[] {
  return consumers.flatMap(({ options: { keeps } }) => (keeps === undefined ? [] : [keptTablesSql(keeps)]))
}

/** One simple query is one transaction: of several processes that start at once each waits for the one before. */
async function alone(pool: pg.Pool, statements: string): Promise<void> {
  await pool.query(`select pg_advisory_xact_lock(hashtextextended('headwater tables', 0)); ${statements}`)
}

/**
 * The same as one script for the database's owner, `psql --single-transaction`. With a role, it may use what was made and make nothing.
 * @param role name of a Postgres role, a plain lower-case identifier
 */
export function schemaSql({ name, tables, consumers }: Service, { role }: { readonly role?: string } = {}): string {
  if (role !== undefined) checkRole(role)
  const own = tables === undefined ? [] : [`-- tables of ${name} itself`, `${tables.trim().replace(/;$/, '')};`]
  return [
    '-- events, projections, documents; keys of personal data',
    migrationSql('headwater', { keys: keysSchema }),
    '-- checkpoints of consumers, who reads what',
    consumersSql('headwater').trim(),
    `${registerSql.trim()};`,
    ...own,
    ...keptBy(consumers).map((kept) => `${kept};`),
    ...(role === undefined ? [] : [grants(role)]),
  ].join('\n')
}

/**
 * Makes or brings up to date what a service's database must hold, as the database's owner; any number may do so at once. With a role,
 * it may use what was made.
 * @param database URL of the database, with its owner as user
 * @throws `HW_MAY_NOT_CREATE` where that user may create nothing there
 */
export async function applySchema(
  service: Service,
  database: string,
  { role }: { readonly role?: string } = {},
): Promise<void> {
  if (role !== undefined) checkRole(role)
  const pool = new pg.Pool({ connectionString: database, max: 2, application_name: 'headwater migrate' })
  try {
    const { rows } = await pool.query<{ may: boolean; who: string }>(
      `select has_database_privilege(current_database(), 'create') as may, current_user as who`,
    )
    if (!rows[0]!.may) throw mayNotCreate(rows[0]!.who)
    await makeSchema(service, pool)
    if (role !== undefined) await alone(pool, grants(role))
  } finally {
    await pool.end()
  }
}

function checkRole(role: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(role))
    throw new TypeError(`Expected a role like "bank_app", lower-case letters, digits and "_", got "${role}".`)
}

function mayNotCreate(who: string): Error {
  return Object.assign(
    new Error(`Expected a user who may create schemas in the database, got ${who}. Connect as the database's owner.`),
    { code: 'HW_MAY_NOT_CREATE' },
  )
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
