// Every Postgres from 13 on, and PgBouncer in transaction mode before the newest: the tests of what stands on Postgres, run on each.
// PgBouncer is the system's (`apt install pgbouncer`); without it that part is left out, and said to be.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@headwater/postgres'
import { full, type Line, option, report } from '../../bench/harness/report.ts'
import { startPgBouncer } from './pgbouncer.ts'

const versions = [13, 14, 15, 16, 17] as const
const chosen = option('only', full ? versions.join() : '13,17')
  .split(',')
  .map(Number)
/** The short form leaves out what takes long and asks little of Postgres. */
const suites = full
  ? ['packages/event-store', 'packages/consumer', 'packages/feed', 'packages/service/src/schema.test.ts']
  : [
      'packages/event-store',
      ...['run-consumer', 'trouble', 'commands', 'rewind'].map((name) => `packages/consumer/src/${name}.test.ts`),
      'packages/feed/src/stored-events.test.ts',
      'packages/service/src/schema.test.ts',
    ]
const root = join(import.meta.dirname, '..', '..')
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
const lines: Line[] = []

for (const version of versions.filter((one) => chosen.includes(one))) {
  const directory = await mkdtemp(join(tmpdir(), `headwater-postgres-${version}-`))
  const programs = join(import.meta.dirname, 'node_modules', `postgres-${version}`, 'native')
  const server = await startPostgres({ directory: join(directory, 'postgres'), programs, settings })
  try {
    lines.push(line(`Postgres ${version}`, await test({ HEADWATER_TEST_POSTGRES: server.url })))
    if (version === versions.at(-1)) lines.push(await throughPgBouncer(server.url, directory))
  } finally {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
    await rm(server.directory, { recursive: true, force: true })
  }
}
const broken = lines.filter(({ met }) => met !== true).length
report(lines, `${lines.length - broken} of ${lines.length} servers hold`)

async function throughPgBouncer(url: string, directory: string): Promise<Line> {
  const name = `PgBouncer before ${versions.at(-1)}`
  if (!existsSync('/usr/sbin/pgbouncer')) return { name, value: 'no pgbouncer here', goal: 'all pass' }
  const pooler = await startPgBouncer(url, directory)
  try {
    return line(name, await test({ HEADWATER_TEST_POSTGRES: url, HEADWATER_TEST_POOLER: pooler.url }))
  } finally {
    await pooler.stop()
  }
}

interface Tested {
  readonly passed: number
  readonly failed: number
}

function line(name: string, { passed, failed }: Tested): Line {
  const value = `${passed} pass${failed === 0 ? '' : `, ${failed} fail`}`
  return { name, value, goal: 'all pass', met: failed === 0 && passed > 0 }
}

/** Runs the suites; what fails is told on stderr as it is found. */
async function test(servers: Readonly<Record<string, string>>): Promise<Tested> {
  const child = spawn('npx', ['vitest', 'run', ...suites, '--reporter=json', '--no-color'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...servers },
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
  await new Promise((ended) => child.once('exit', ended))
  const result = JSON.parse(said.slice(said.indexOf('{'))) as {
    numPassedTests: number
    numFailedTests: number
    numFailedTestSuites: number
    testResults: {
      name: string
      message: string
      assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
    }[]
  }
  for (const { name, message, assertionResults } of result.testResults) {
    if (message !== '') console.error(`${name}: ${message}`)
    for (const { fullName, status, failureMessages } of assertionResults)
      if (status === 'failed') console.error(`✗ ${fullName}\n${failureMessages.join('\n')}`)
  }
  return { passed: result.numPassedTests, failed: Math.max(result.numFailedTests, result.numFailedTestSuites) }
}
