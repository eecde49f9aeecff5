// Everything that must hold before a change lands, in order of cost: format, lint, types, tests.
// `npm test -- NAME…` runs only the tests whose path contains a NAME.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules', '.bin', name)
const names = process.argv.slice(2)

function step(title, command, args) {
  const started = performance.now()
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  console.error(`${status === 0 ? 'ok' : 'FAILED'}  ${title}  ${((performance.now() - started) / 1000).toFixed(1)} s`)
  if (status !== 0) process.exit(1)
}

if (names.length === 0) {
  step('format', bin('oxfmt'), ['--check', '.'])
  step('lint', bin('oxlint'), ['--deny-warnings'])
  step('types', bin('tsc'), ['-p', 'tsconfig.json'])
  step('build', bin('tsc'), ['-b', 'tsconfig.build.json'])
}

let javaSkipped = 0
if (names.length === 0) {
  const found = ['java', 'mvn'].every((command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0)
  if (found) step('connector', 'mvn', ['-q', '-B', '-f', 'connector/pom.xml', 'test'])
  else {
    javaSkipped = 1
    console.error(
      "SKIPPED  connector: Expected Java 17 and Maven for the connector's tests, found none of one of them.",
    )
  }
}

const results = join(root, 'node_modules', '.vitest-results.json')
rmSync(results, { force: true })
const { status } = spawnSync(
  bin('vitest'),
  ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...names],
  { cwd: root, stdio: 'inherit' },
)
if (existsSync(results)) {
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(results, 'utf8'))
  const skipped = numPendingTests + javaSkipped
  console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped`)
  if (process.env.CI === 'true' && skipped > 0) {
    console.error('With CI=true nothing may be skipped.')
    process.exit(1)
  }
}
process.exit(status ?? 1)
