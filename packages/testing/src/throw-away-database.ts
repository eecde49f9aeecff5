import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@headwater/postgres'
import pg from 'pg'

export interface ThrowAwayDatabase {
  /** Connects as the owner of everything in it. */
  readonly url: string
  readonly name: string
  /** Removes it, ending connections that are still open. */
  drop(): Promise<void>
}

export interface Template {
  /** Says what the template holds; made once per server and name. Put a version or hash into it. */
  readonly name: string
  /** Fills the template, given its URL. Everything in it must be committed and closed when this resolves. */
  prepare(url: string): Promise<void>
}

/**
 * A database of one's own for one test, on the server of `HEADWATER_TEST_POSTGRES` (a superuser's URL) or, without that, on one that
 * is started for this process and removed when it exits. With a template it costs one copy, under 100 ms. Where
 * `HEADWATER_TEST_POOLER` is given (the same user's URL of a pooler before that server), tests connect through it.
 */
export async function throwAwayDatabase(template?: Template): Promise<ThrowAwayDatabase> {
  const server = await serverUrl()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const from = template === undefined ? 'template0' : await makeTemplate(server, template)
  await asAdmin(server, (client) => copyDatabase(client, from, name))
  return {
    name,
    url: onDatabase(process.env.HEADWATER_TEST_POOLER ?? server, name),
    drop: () =>
      asAdmin(server, async (client) => void (await client.query(`drop database if exists ${name} with (force)`))),
  }
}

/** Starts a server for a whole test run; give its `url` to the workers as `HEADWATER_TEST_POSTGRES`. */
export async function startTestPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-test-'))
  // A crash of the machine may lose what a test wrote: nobody will miss it, and every commit is some milliseconds sooner.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  const server = await startPostgres({ directory: join(directory, 'postgres'), settings })
  const stop = async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
    await rm(server.directory, { recursive: true, force: true })
  }
  process.once('exit', () => {
    try {
      process.kill(server.pid, 'SIGQUIT')
    } catch {
      return // stopped in good order before
    }
    rmSync(directory, { recursive: true, force: true })
  })
  return { url: server.url, stop }
}

let ownServer: Promise<{ url: string }> | undefined

async function serverUrl(): Promise<string> {
  if (process.env.HEADWATER_TEST_POSTGRES !== undefined) return process.env.HEADWATER_TEST_POSTGRES
  ownServer ??= startTestPostgres()
  return (await ownServer).url
}

const templates = new Map<string, Promise<string>>()

function makeTemplate(server: string, template: Template): Promise<string> {
  const made = templates.get(template.name) ?? fillTemplate(server, template)
  templates.set(template.name, made)
  return made
}

/** Several test processes may want the same template at once: the first makes it under a lock, the others find it. */
async function fillTemplate(server: string, template: Template): Promise<string> {
  const name = `template_${template.name.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`
  await asAdmin(server, async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [name])
    const found = await client.query('select 1 from pg_database where datname = $1', [name])
    if (found.rowCount !== 0) return
    const partial = `${name}_partial`
    await client.query(`drop database if exists ${partial} with (force)`)
    await copyDatabase(client, 'template0', partial)
    await template.prepare(onDatabase(server, partial))
    await client.query(`alter database ${partial} rename to ${name}`)
  })
  return name
}

/** Up to version 14 files are always copied; from 15 on that has to be asked for, and is faster for small ones without fsync. */
async function copyDatabase(client: pg.Client, from: string, name: string): Promise<void> {
  const { rows } = await client.query(`select current_setting('server_version_num')::int as version`)
  const strategy = rows[0].version < 150_000 ? '' : ' strategy file_copy'
  await client.query(`create database ${name} template ${from}${strategy}`)
}

async function asAdmin<T>(server: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function onDatabase(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

export interface ThrowAwayServer {
  /** Of a role that may create databases and roles, as a landscape needs. */
  readonly url: string
  /** Name for the landscape: its databases and roles begin with it. */
  readonly name: string
  /** Removes every database and role made under the name. */
  drop(): Promise<void>
}

/** A corner of the test server for one landscape: `startLandscape(services, { postgres: server.url, name: server.name, … })`. */
export async function throwAwayServer(): Promise<ThrowAwayServer> {
  const url = await serverUrl()
  const name = `t${randomUUID().replaceAll('-', '').slice(0, 12)}`
  const drop = () =>
    asAdmin(url, async (client) => {
      const databases = await client.query('select datname as name from pg_database where starts_with(datname, $1)', [
        `${name}_`,
      ])
      for (const database of databases.rows) await client.query(`drop database if exists ${database.name} with (force)`)
      const roles = await client.query('select rolname as name from pg_roles where starts_with(rolname, $1)', [
        `${name}_`,
      ])
      for (const role of roles.rows) await client.query(`drop role if exists ${role.name}`)
    })
  return { url, name, drop }
}
