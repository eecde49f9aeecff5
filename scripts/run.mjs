// `npm run bench -- NAME …` and `npm run guarantees -- NAME …`: runs that one part alone, on a server of its own unless DATABASE_URL is given.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { register } from 'tsx/esm/api'

const root = join(import.meta.dirname, '..')
const [kind, name, ...args] = process.argv.slice(2)
const programs = readdirSync(join(root, kind)).filter((entry) => existsSync(join(root, kind, entry, 'run.ts')))
if (name === undefined || !programs.includes(name)) {
  console.error(
    `Usage: npm run ${kind} -- NAME [--json] [--full] [--seed N] [--for 40m]\nNAME is one of: ${programs.join(', ')}`,
  )
  process.exit(2)
}

const folder = join(root, kind, name)
const packageFolder = [folder, join(root, kind)].find((path) => existsSync(join(path, 'package-lock.json')))
if (packageFolder !== undefined && !existsSync(join(packageFolder, 'node_modules'))) {
  // Peers and oracles only these programs need: with a lock file of their own, so that the root install stays small.
  const installed = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: packageFolder,
    stdio: ['ignore', 2, 2],
  })
  if (installed.status !== 0) process.exit(3)
}

let server
let directory
if (process.env.DATABASE_URL === undefined) {
  register()
  const { startPostgres } = await import('../packages/postgres/src/index.ts')
  directory = mkdtempSync(join(tmpdir(), `headwater-${kind}-`))
  server = await startPostgres({ directory: join(directory, 'postgres') })
}
const { status, signal } = spawnSync(
  process.execPath,
  ['--conditions=source', '--import', 'tsx', join(folder, 'run.ts'), ...args],
  { cwd: root, stdio: 'inherit', env: { ...process.env, DATABASE_URL: process.env.DATABASE_URL ?? server.url } },
)
await server?.stop()
if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
process.exit(signal === null ? (status ?? 1) : 1)
