import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type Account, isReachable, makePrivate, requireOurs, serverAccount } from './account.ts'
import { binaries } from './binaries.ts'
import { PostgresFailed } from './failure.ts'

export interface PostgresOptions {
  /** Where the data lives and stays; made when missing. */
  readonly directory: string
  /** Wanted port; another free one is taken when it is busy. Default: any free port. */
  readonly port?: number
  /** Server settings, e.g. `{ fsync: 'off' }` for tests. They hold for this start only. */
  readonly settings?: Readonly<Record<string, string>>
  /** Folder of another Postgres, 13 or newer, with `bin/initdb` and `bin/postgres`; default: the one npm installed. */
  readonly programs?: string
}

export interface Postgres {
  /** Of the superuser `postgres`, with its password: give it to nobody. */
  readonly url: string
  readonly port: number
  /** Where the data really is; another place than asked when the server's account cannot reach that. */
  readonly directory: string
  readonly pid: number
  /** True when it was already running, left by a process that was killed. */
  readonly adopted: boolean
  /** Fast shutdown: waits until every byte is on disk and the process is gone. */
  stop(): Promise<void>
}

const startWithinMs = 30_000
const stopWithinMs = 20_000

/**
 * Starts the Postgres that npm installed, or adopts the one still running on this directory.
 * It listens on loopback only and wants a password, which lives beside the data, readable by its owner alone.
 * @throws PostgresFailed
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const account = await serverAccount()
  const directory = await placeFor(resolve(options.directory), account)
  const data = join(directory, 'data')
  const running = await findRunning(data)
  if (running !== undefined) {
    const url = urlOf(running.port, await readFile(join(directory, 'password'), 'utf8'))
    await untilReady(url, () => undefined)
    return { url, ...running, directory, adopted: true, stop: () => stopProcess(running.pid) }
  }
  const programs = await binaries(account, options.programs)
  if (!existsSync(data)) await initialise(programs.initdb, directory, account)
  const port = await freePort(options.port)
  const child = await run(programs.postgres, data, port, options.settings ?? {}, account)
  const url = urlOf(port, await readFile(join(directory, 'password'), 'utf8'))
  try {
    await untilReady(url, () => exitOf(child))
  } catch (error) {
    child.kill('SIGINT')
    throw new PostgresFailed(`${(error as Error).message}\n${await tail(join(directory, 'postgres.log'))}`)
  }
  const pid = child.pid!
  return { url, port, directory, pid, adopted: false, stop: () => stopProcess(pid) }
}

/** The Postgres running on a directory, if one does: its data's place, process and port. Makes and starts nothing. */
export async function findPostgres(
  directory: string,
): Promise<Pick<Postgres, 'directory' | 'pid' | 'port'> | undefined> {
  const place = await reachablePlace(resolve(directory), await serverAccount())
  const running = await findRunning(join(place, 'data'))
  return running === undefined ? undefined : { directory: place, ...running }
}

/** The directory asked for, or, where the server's account cannot reach it, one in /var/tmp named after it. */
async function placeFor(asked: string, account: Account | undefined): Promise<string> {
  await mkdir(dirname(asked), { recursive: true })
  const directory = await reachablePlace(asked, account)
  if (directory !== asked && existsSync(directory)) await requireOurs(directory, account)
  await makePrivate(directory, account)
  return directory
}

async function reachablePlace(asked: string, account: Account | undefined): Promise<string> {
  const reachable = account === undefined || (await isReachable(dirname(asked)))
  const name = createHash('sha256').update(asked).digest('hex').slice(0, 12)
  return reachable ? asked : `/var/tmp/headwater-${name}`
}

async function initialise(initdb: string, directory: string, account: Account | undefined): Promise<void> {
  const passwordFile = join(directory, 'password')
  // A start that was cut off leaves half a cluster, PG_VERSION in it from early on: data is only what was made whole.
  const made = join(directory, 'data.new')
  await rm(made, { recursive: true, force: true })
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid)
  const args = [
    '-D',
    made,
    '-U',
    'postgres',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--locale=C',
  ]
  const child = spawn(initdb, args, {
    ...account,
    cwd: directory,
    env: plainEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const code = await new Promise<number | null>((done, failed) => child.once('error', failed).once('exit', done))
  if (code !== 0) throw new PostgresFailed(`initdb ended with ${code} for ${directory}:\n${said.trim()}`)
  await rename(made, join(directory, 'data'))
}

async function run(
  program: string,
  data: string,
  port: number,
  settings: Readonly<Record<string, string>>,
  account: Account | undefined,
): Promise<ChildProcess> {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '400',
    shared_buffers: '128MB',
    ...settings,
  }
  const log = join(dirname(data), 'postgres.log')
  await appendFile(log, '')
  const output = await open(log, 'a')
  // Detached, so that Ctrl-C in the terminal reaches us first and open requests finish before the database goes.
  const child = spawn(
    program,
    ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    {
      ...account,
      cwd: dirname(data),
      env: plainEnvironment(),
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    },
  )
  await output.close()
  child.once('error', () => {})
  child.unref()
  return child
}

/** Only what Postgres needs: nothing of ours leaks into it. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TZ, SystemRoot, TEMP } = process.env
  return {
    ...(PATH && { PATH }),
    ...(TZ && { TZ }),
    ...(SystemRoot && { SystemRoot }),
    ...(TEMP && { TEMP }),
    LC_ALL: 'C',
  }
}

async function findRunning(data: string): Promise<{ pid: number; port: number } | undefined> {
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 && port > 0 && isAlive(pid) && (await answers(port)) ? { pid, port } : undefined
}

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password: '-',
    database: 'postgres',
    connectionTimeoutMillis: 2_000,
  })
  // Any answer of the protocol will do, "wrong password" included: it tells a Postgres from a stranger with a recycled pid.
  const outcome = await client.connect().then(
    () => 'in',
    (error) => (typeof error.severity === 'string' ? 'in' : 'out'),
  )
  await client.end().catch(() => {})
  return outcome === 'in'
}

async function untilReady(url: string, exited: () => string | undefined): Promise<void> {
  const deadline = Date.now() + startWithinMs
  for (;;) {
    const ended = exited()
    if (ended !== undefined) throw new PostgresFailed(`Postgres ended while starting (${ended}). Its log says:`)
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    const failure = await client.connect().then(
      () => undefined,
      (error: Error) => error,
    )
    await client.end().catch(() => {})
    if (failure === undefined) return
    if (Date.now() > deadline)
      throw new PostgresFailed(`Postgres did not get ready within ${startWithinMs / 1000} s: ${failure.message}`)
    await delay(25)
  }
}

async function stopProcess(pid: number): Promise<void> {
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + stopWithinMs
  while (isAlive(pid)) {
    if (Date.now() > deadline)
      throw new PostgresFailed(
        `Postgres (process ${pid}) did not stop within ${stopWithinMs / 1000} s. Stop it with: kill -QUIT ${pid}`,
      )
    await delay(20)
  }
}

/** Our own child is a zombie until it is reaped, and a zombie answers signal 0; Node reaps it on the next turn. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function exitOf(child: ChildProcess): string | undefined {
  if (child.exitCode !== null) return `exit code ${child.exitCode}`
  return child.signalCode === null ? undefined : `signal ${child.signalCode}`
}

/** Below those that systems hand out by themselves: until it is used, nobody is given it by chance. */
const [firstPort, lastPort] = [20_000, 32_767]

/** The wanted port when it is free, else any free one. */
async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return wanted
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(firstPort, lastPort + 1)
    if (await isFree(port)) return port
  }
  throw new PostgresFailed('Expected a free port on 127.0.0.1, found none.')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = await new Promise<boolean>((done) => {
    server.once('error', () => done(false))
    server.listen(port, '127.0.0.1', () => done(true))
  })
  if (free) await new Promise((closed) => server.close(closed))
  return free
}

function urlOf(port: number, password: string): string {
  return `postgres://postgres:${password.trim()}@127.0.0.1:${port}/postgres`
}

async function tail(log: string): Promise<string> {
  return (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-8).join('\n')
}
