import { createHmac } from 'node:crypto'
import pg from 'pg'

/** Where a service keeps its own: a database nobody else enters, and the role that owns it. */
export interface Database {
  /** Connects as the service's own role. */
  readonly url: string
  readonly name: string
}

/**
 * Makes the database and role of a service on a server, or finds them. The password is computed from the landscape's secret,
 * so it need not be kept anywhere, and the same values serve after a restart.
 * @param admin URL of a role that may create databases and roles
 */
export async function provide(admin: string, landscape: string, service: string, secret: string): Promise<Database> {
  const name = databaseName(landscape, service)
  const password = createHmac('sha256', secret).update(`database ${service}`).digest('base64url')
  await asAdmin(admin, async (client) => {
    // Two processes of one service may start at once: one makes it, the other finds it.
    await client.query('select pg_advisory_lock(hashtext($1))', [name])
    const role = await client.query('select 1 from pg_roles where rolname = $1', [name])
    const verb = role.rowCount === 0 ? 'create' : 'alter'
    await client.query(`${verb} role ${name} login nosuperuser nocreatedb nocreaterole password '${password}'`)
    const database = await client.query('select 1 from pg_database where datname = $1', [name])
    if (database.rowCount === 0) {
      await client.query(`create database ${name} owner ${name} template template0 encoding 'UTF8'`)
      await client.query(`revoke all on database ${name} from public`)
    }
  })
  const url = new URL(admin)
  url.username = name
  url.password = password
  url.pathname = `/${name}`
  return { url: url.href, name }
}

/** Removes the database and role of a service. What was in them is gone: archive the log before. */
export async function discard(admin: string, landscape: string, service: string): Promise<void> {
  const name = databaseName(landscape, service)
  await asAdmin(admin, async (client) => {
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`drop role if exists ${name}`)
  })
}

/** What a server still has of a service: its database, its role. */
export async function leftOf(admin: string, landscape: string, service: string): Promise<string[]> {
  const name = databaseName(landscape, service)
  let left: string[] = []
  await asAdmin(admin, async (client) => {
    const { rows } = await client.query(
      `select 'database ' || datname as one from pg_database where datname = $1 union all select 'role ' || rolname from pg_roles where rolname = $1`,
      [name],
    )
    left = rows.map(({ one }) => one)
  })
  return left
}

/** Both names are checked (lower-case letters, digits, `-`), so this is a plain identifier, and no two services share one. */
function databaseName(landscape: string, service: string): string {
  return `${landscape}_${service}`.replaceAll('-', '_')
}

/** What a server is, and whether a landscape may make its databases there. */
export async function serverFacts(admin: string): Promise<{ readonly version: number; readonly mayCreate: boolean }> {
  let facts = { version: 0, mayCreate: false }
  await asAdmin(admin, async (client) => {
    const { rows } = await client.query(
      `select current_setting('server_version_num')::int as version,
         (select rolsuper or (rolcreatedb and rolcreaterole) from pg_roles where rolname = current_user) as "mayCreate"`,
    )
    facts = rows[0]
  })
  return facts
}

async function asAdmin(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  // A connection that breaks is said by the statement that waits, and as an event, which nobody hears would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
