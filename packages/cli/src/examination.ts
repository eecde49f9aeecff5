import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { findPostgres } from '@headwater/postgres'
import { serverFacts } from '@headwater/service/landscape'
import type { Invocation } from './command.ts'
import { connect, homeOf, landscapeUrl } from './connection.ts'
import { serviceFolders } from './workshop.ts'

export interface Finding {
  readonly check: string
  readonly state: 'well' | 'ill'
  readonly found: string
  /** What to do about it. */
  readonly mend?: string
}

const well = (check: string, found: string): Finding => ({ check, state: 'well', found })
const ill = (check: string, found: string, mend: string): Finding => ({ check, state: 'ill', found, mend })

/** Looks at the machine, the landscape of this folder, and, where it runs, at its services. Changes nothing. */
export async function examine(invocation: Invocation): Promise<Finding[]> {
  const { cwd, env, options } = invocation
  const home = await homeOf(cwd)
  const directory = home ?? join(cwd, '.headwater')
  const url = await landscapeUrl(invocation)
  const runs = url !== undefined && (await answers(url))
  return [
    node(),
    await versions(directory),
    await services(directory),
    await writable(directory),
    ...(await leftovers(directory, { runs, ownServer: env.DATABASE_URL === undefined })),
    ...(env.DATABASE_URL === undefined ? [] : [await postgres(env.DATABASE_URL)]),
    ...(runs ? await consumers(invocation) : [await port(Number(options.port ?? 4000))]),
  ]
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? well('node', process.version)
    : ill('node', process.version, 'Headwater needs Node 20.19 or later: https://nodejs.org')
}

/** All packages carry one version; two of them side by side do not understand each other's tables. */
async function versions(directory: string): Promise<Finding> {
  const manifests = join(dirname(directory), 'package.json')
  const text = await readFile(manifests, 'utf8').catch(() => '{}')
  const { dependencies = {}, devDependencies = {} } = JSON.parse(text) as Record<string, Record<string, string>>
  const ours = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([name]) => name.startsWith('@headwater/') && !/^\d/.test(name),
  )
  const said = [...new Set(ours.map(([, version]) => version))]
  return said.length <= 1
    ? well('versions', said[0] ?? 'no package.json of its own')
    : ill(
        'versions',
        ours.map(([name, version]) => `${name} ${version}`).join(', '),
        'Give all @headwater packages one version.',
      )
}

async function services(directory: string): Promise<Finding> {
  const found = await serviceFolders(dirname(directory))
  return found.length > 0
    ? well('services', found.join(', '))
    : ill(
        'services',
        'none',
        `Expected src/*/service.ts in ${dirname(directory)}. Go to a landscape's folder, or make one: headwater new service NAME`,
      )
}

async function writable(directory: string): Promise<Finding> {
  for (let folder = directory; ; folder = dirname(folder)) {
    const state = await access(folder, constants.R_OK | constants.W_OK).then(
      () => 'well',
      ({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? 'missing' : 'ill'),
    )
    if (state === 'missing' && folder !== dirname(folder)) continue
    return state === 'well'
      ? well('directory', directory)
      : ill('directory', `${folder} cannot be written`, `Give yourself the right to write it: chown -R $USER ${folder}`)
  }
}

/** What a process that was killed left behind. */
async function leftovers(
  directory: string,
  { runs, ownServer }: { readonly runs: boolean; readonly ownServer: boolean },
): Promise<Finding[]> {
  const note = await readFile(join(directory, 'landscape.json'), 'utf8').catch(() => undefined)
  const server = ownServer ? await findPostgres(join(directory, 'postgres')) : undefined
  if (runs) return [well('landscape', `runs, ${JSON.parse(note ?? '{}').url ?? 'elsewhere'}`)]
  const stale =
    note === undefined
      ? well('landscape', 'does not run')
      : ill(
          'landscape',
          `landscape.json names ${JSON.parse(note).url}, where nobody answers`,
          'It was killed. Start it again: headwater dev',
        )
  if (server === undefined) return [stale]
  return [
    stale,
    ill(
      'postgres',
      `process ${server.pid} on port ${server.port} was left running on ${server.directory}`,
      `The next \`headwater dev\` adopts it. To stop it by hand: kill -INT ${server.pid}`,
    ),
  ]
}

async function postgres(url: string): Promise<Finding> {
  try {
    const { version, mayCreate } = await serverFacts(url)
    if (version < 130_000) return ill('postgres', `version ${version}`, 'Headwater needs Postgres 13 or later.')
    if (!mayCreate)
      return ill('postgres', 'the role may not create databases and roles', 'alter role … createdb createrole')
    return well('postgres', `version ${Math.floor(version / 10_000)}, by DATABASE_URL`)
  } catch (error) {
    return ill(
      'postgres',
      (error as Error).message,
      'Is the server of DATABASE_URL running, and is its password right?',
    )
  }
}

async function port(wanted: number): Promise<Finding> {
  const server = createServer()
  const free = await new Promise<boolean>((done) => {
    server.once('error', () => done(false)).listen(wanted, '127.0.0.1', () => done(true))
  })
  await new Promise((closed) => server.close(closed))
  return free
    ? well('port', `${wanted} is free`)
    : ill(
        'port',
        `${wanted} is taken`,
        'Another program listens there; `headwater dev` moves to the next free one and says so.',
      )
}

interface Status {
  readonly service: string
  readonly consumers: readonly { readonly name: string; readonly state: string; readonly parked: number }[]
}

async function consumers(invocation: Invocation): Promise<Finding[]> {
  const { json } = await connect(invocation)
  const { services: all } = await json<{ services: Status[] }>('/status')
  const each = all.flatMap(({ service, consumers: own }) => own.map((one) => ({ service, ...one })))
  const wrong = each.filter(({ state, parked }) => parked > 0 || state === 'failed')
  if (wrong.length === 0) return [well('consumers', `${each.length}, none stands`)]
  return wrong.map(({ service, name, state, parked }) =>
    ill(
      `consumer ${name}`,
      parked > 0 ? `${parked} parked keys` : state,
      parked > 0 ? `headwater parked ${service} ${name}` : 'Its error is in the log of the landscape.',
    ),
  )
}

async function answers(url: string): Promise<boolean> {
  return await fetch(new URL('/live', url), { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
}
