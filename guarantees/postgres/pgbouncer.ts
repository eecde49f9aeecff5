import { spawn } from 'node:child_process'
import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../../bench/harness/port.ts'

/**
 * PgBouncer in transaction mode before a server: any database, any role by its own password. A statement finds itself on whichever
 * server connection is free, with nothing prepared before.
 */
export async function startPgBouncer(
  server: string,
  directory: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const { hostname, port, username, password } = new URL(server)
  const [listens, settings, users] = [await freePort(), join(directory, 'pgbouncer.ini'), join(directory, 'users.txt')]
  await writeFile(users, `"${username}" "${decodeURIComponent(password)}"\n`)
  await writeFile(
    settings,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listens}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = ${users}
auth_user = ${username}
auth_query = select usename, passwd from pg_shadow where usename = $1
max_client_conn = 1000
default_pool_size = 8
ignore_startup_parameters = extra_float_digits
`,
  )
  const account = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  if (process.getuid?.() === 0) {
    await chmod(directory, 0o755)
    for (const file of [settings, users]) await chown(file, 65534, 65534)
  }
  const child = spawn('/usr/sbin/pgbouncer', ['-q', settings], { ...account, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const url = new URL(server)
  url.port = String(listens)
  await untilReady(url.href)
  return {
    url: url.href,
    async stop() {
      child.kill('SIGINT')
      await ended
    },
  }
}

async function untilReady(url: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; ;) {
    const client = new pg.Client({ connectionString: url })
    const failure = await client.connect().then(
      () => undefined,
      (error: Error) => error,
    )
    await client.end().catch(() => undefined)
    if (failure === undefined) return
    if (Date.now() > deadline) throw failure
  }
}
