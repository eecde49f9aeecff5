// The first minutes of a stranger: a clone, the README's two commands with an empty home and no cache, and events arriving on the
// console's page. Needs git, the npm registry and a Chromium.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { freePort } from '../../bench/harness/port.ts'
import { report } from '../../bench/harness/report.ts'

const root = join(import.meta.dirname, '..', '..')
const place = await mkdtemp(join(tmpdir(), 'headwater-minutes-'))
const clone = join(place, 'headwater')
const home = join(place, 'home')
const env = { PATH: process.env.PATH!, HOME: home, NO_COLOR: '1' }
const began = performance.now()
const seconds = () => `${((performance.now() - began) / 1_000).toFixed(1)} s`
const at: { name: string; value: string }[] = []
const passed = (name: string) => at.push({ name, value: seconds() })

/** Starts the bank; resolves with what it says of itself, once it can be used. */
function started(child: ChildProcess): Promise<string> {
  let said = ''
  return new Promise((ready, failed) => {
    child.stderr!.on('data', (text: Buffer) => (said += text.toString()).includes('Try next') && ready(said))
    child.once('exit', () => failed(new Error(`npm start ended having said:\n${said}`)))
  })
}

let bank: ChildProcess | undefined
/** Where its Postgres keeps its data: for root that is outside of the clone. */
let data: string | undefined
try {
  await mkdir(home)
  execFileSync('git', ['clone', '-q', root, clone])
  passed('cloned')
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: clone, env, stdio: ['ignore', 'ignore', 2] })
  passed('npm ci')
  const port = String(await freePort())
  bank = spawn('npm', ['start', '--', '--port', port], {
    cwd: clone,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const said = await started(bank)
  passed('npm start: ready')
  data = /data\s+(\S+)/.exec(said)![1]!
  const link = /console\s+(http\S+)/.exec(said)![1]!
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  const page = await browser.newPage()
  await page.goto(link)
  await page.goto(new URL('/events', link).href)
  const simulate = ['headwater', 'simulate', '--customers', '2', '--days', '1']
  spawn('npx', simulate, { cwd: join(clone, 'apps', 'bank'), env, stdio: 'ignore' })
  await page.getByText('AccountOpened').first().waitFor({ timeout: 120_000 })
  passed('live events on the page')
  await browser.close()
  report(at, `minutes: from clone to live events on the page ${seconds()}, with an empty home and no cache`)
} finally {
  await stop()
}

async function stop(): Promise<void> {
  // The whole group, as Ctrl-C would. npm ends before what it runs does: all are gone once nobody holds the pipe.
  if (bank?.pid !== undefined && bank.exitCode === null) {
    const ended = new Promise((done) => bank!.once('close', done))
    process.kill(-bank.pid, 'SIGTERM')
    await ended
  }
  if (data !== undefined) await rm(data, { recursive: true, force: true })
  await rm(place, { recursive: true, force: true })
}
