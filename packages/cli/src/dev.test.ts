import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostgres, startPostgres } from '@headwater/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { headwater, landscapeFolder, type Process, start } from './landscape.fixture.ts'

let folder: string
let remove: () => Promise<void>
let dev: Process
/** Path of the one note there is. */
let note: string
const running: Process[] = []
/** Where the data really is: under another account it may be outside the folder. */
let data: string | undefined

function startDev(...args: string[]): Process {
  const started = start(['dev', '.', '--no-lake', ...args], folder)
  running.push(started)
  return started
}

const run = (line: string) => headwater(line, { cwd: folder })
const json = async (line: string) => {
  const { code, stdout, stderr } = await run(`${line} --json`)
  if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** Saves a file of the service with one thing changed. */
async function edit(file: string, from: string, to: string): Promise<void> {
  const path = join(folder, 'src', 'notes', file)
  const text = await readFile(path, 'utf8')
  if (!text.includes(from)) throw new Error(`Expected ${file} to contain ${from}.`)
  await writeFile(path, text.replace(from, to))
}

/** As a landscape outside this checkout would say it, but that the packages' sources are read in place of what is built. */
const strict = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: { customConditions: ['source'] },
  include: ['src'],
  exclude: ['**/*.test.ts'],
}

beforeAll(async () => {
  ;({ folder, remove } = await landscapeFolder())
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(strict))
  await run('headwater new service notes')
  dev = startDev('--port', '0')
  await dev.says('Try next')
  data = (await findPostgres(join(folder, '.headwater', 'postgres')))!.directory
  const opened = await json(
    `headwater call /notes/notes --key k1 --data {"title":"First"} --accept application/hal+json`,
  )
  note = opened._links.self.href
}, 120_000)
afterAll(async () => {
  for (const one of running) one.kill('SIGTERM')
  await Promise.all(running.map(({ ended }) => ended))
  // A test that failed halfway may have left one.
  if ((await findPostgres(join(folder, '.headwater', 'postgres'))) !== undefined)
    await (await startPostgres({ directory: join(folder, '.headwater', 'postgres') })).stop()
  if (data !== undefined) await rm(data, { recursive: true, force: true })
  await remove?.()
}, 60_000)

it('says what it is, where data is kept, and what to try next', () => {
  expect(dev.said()).toMatch(/entry {5}http:\/\/127\.0\.0\.1:\d+\//)
  expect(dev.said()).toContain('notes')
  expect(dev.said()).toMatch(/data .*kept; --fresh starts anew/)
  expect(dev.said()).toContain('npx headwater ps')
  expect(dev.said()).toContain('npx headwater call /notes/')
})

it('serves a console on this machine alone, by links that work once', async () => {
  const printed = /console {3}(http:\/\/127\.0\.0\.1:\d+\/\?token=[\w.-]+)/.exec(dev.said())![1]!
  const { url: another } = await json('headwater open')
  expect(new URL(another).origin).toBe(new URL(printed).origin)
  for (const link of [printed, another]) {
    const entered = await fetch(link, { redirect: 'manual' })
    expect([entered.status, entered.headers.get('set-cookie')]).toEqual([303, expect.stringContaining('HttpOnly')])
    expect((await fetch(link, { redirect: 'manual' })).status).toBe(401)
  }
  const { mode } = await stat(join(folder, '.headwater', 'console.json'))
  expect(mode & 0o077).toBe(0)
})

it('suggests no simulation where the landscape brings none, and says why there is none', async () => {
  expect(dev.said()).not.toContain('simulate')
  expect(await run('headwater simulate')).toMatchObject({ code: 5, stderr: expect.stringContaining('src/simulate.ts') })
})

it('refuses a second one on the same data, and says where the first is', async () => {
  const { url } = JSON.parse(await readFile(join(folder, '.headwater', 'landscape.json'), 'utf8'))
  const second = startDev()
  expect(await second.ended).toBe(3)
  expect(second.said()).toContain(url)
})

it('refuses --fresh where the data is on a server of yours, and removes nothing', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'hw-fresh-'))
  await mkdir(join(elsewhere, '.headwater'))
  await writeFile(join(elsewhere, '.headwater', 'secret'), 'kept')
  const env = { DATABASE_URL: 'postgres://owner@127.0.0.1:9/none' }
  expect(await headwater('headwater dev --fresh --yes', { cwd: elsewhere, env })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('DATABASE_URL'),
  })
  expect(await readFile(join(elsewhere, '.headwater', 'secret'), 'utf8')).toBe('kept')
  await rm(elsewhere, { recursive: true })
})

it('replaces a service that is saved, with its data', async () => {
  await edit('service.ts', `link('notes')`, `link('notes', {}, { title: 'Every note' })`)
  const said = await dev.says(/replaced notes in (\d+) ms/)
  expect(said).not.toContain('kept as it was')
  const first = await json(`headwater call ${note}`)
  expect(first).toMatchObject({ title: 'First', open: true })
  expect(JSON.stringify(first)).toContain('Every note')
}, 120_000)

it('goes on watching while folders come and go', async () => {
  const passing = join(folder, 'src', 'passing')
  for (let times = 0; times < 100; times++) {
    await mkdir(join(passing, 'deep', 'er'), { recursive: true })
    await rm(passing, { recursive: true })
  }
  await edit('service.ts', `title: 'Every note'`, `title: 'All notes'`)
  await dev.says(/replaced notes/)
  expect(JSON.stringify(await json(`headwater call ${note}`))).toContain('All notes')
}, 120_000)

it('keeps the last good version where syntax is broken, and names file and line', async () => {
  await edit('note.ts', 'evolve: {', 'evolve: {{')
  const said = await dev.says(/kept as it was:[^\n]*\n[^\n]*/)
  expect(said).toMatch(/src\/notes\/note\.ts:\d+:\d+/)
  expect(await json(`headwater call ${note}`)).toMatchObject({ title: 'First' })
  await edit('note.ts', 'evolve: {{', 'evolve: {')
}, 120_000)

it('keeps it where types do not fit, and names file, line and what was expected', async () => {
  await edit('note.ts', 'open: false }),', 'open: 0 }),')
  const said = await dev.says(/the types do not fit\n[^]*?'number' is not assignable to type 'boolean'/)
  expect(said).toMatch(/src\/notes\/\w+\.ts\(\d+,\d+\): error TS\d+: /)
  expect(await json(`headwater call ${note}`)).toMatchObject({ open: true })
  await edit('note.ts', 'open: 0 }),', 'open: false }),')
}, 120_000)

it('rebuilds what follows from a changed evolve', async () => {
  const list = async () => (await json('headwater call /notes/notes')).notes
  expect(await list()).toMatchObject([{ title: 'First' }])
  await edit('note.ts', '({ title, open: true })', '({ title: title.toUpperCase(), open: true })')
  await dev.says(/replaced notes/)
  expect(await json(`headwater call ${note}`)).toMatchObject({ title: 'FIRST' })
  await expect.poll(list, { timeout: 20_000 }).toMatchObject([{ title: 'FIRST' }])
}, 120_000)

it('adopts the Postgres that a killed process left, with all data', async () => {
  const left = await findPostgres(join(folder, '.headwater', 'postgres'))
  dev.kill('SIGKILL')
  expect(await dev.ended).toBe('SIGKILL')
  const found = await headwater('headwater doctor --json', { cwd: folder })
  expect(found.code).toBe(4)
  expect(JSON.parse(found.stdout)).toContainEqual(
    expect.objectContaining({ check: 'postgres', state: 'ill', found: expect.stringContaining(String(left!.pid)) }),
  )
  dev = startDev('--port', '0')
  await dev.says('Try next')
  expect(await findPostgres(join(folder, '.headwater', 'postgres'))).toEqual(left)
  expect(await json(`headwater call ${note}`)).toMatchObject({ title: 'FIRST' })
}, 120_000)

it('finishes open requests on Ctrl-C, stops Postgres and keeps the data', async () => {
  dev.kill('SIGINT')
  expect(await dev.ended).toBe(0)
  expect(dev.said()).toContain('stopped; the data is kept in')
  expect(await findPostgres(join(folder, '.headwater', 'postgres'))).toBe(undefined)
  expect(existsSync(join(folder, '.headwater', 'landscape.json'))).toBe(false)
}, 120_000)

it('moves over where its port is taken and says so; finds its data again, or none with --fresh', async () => {
  const taken = createServer()
  const port = await new Promise<number>((done) =>
    taken.listen(0, '127.0.0.1', () => done((taken.address() as { port: number }).port)),
  )
  dev = startDev('--port', String(port))
  const said = await dev.says('Try next')
  expect(said).toContain(`(port ${port} is taken)`)
  expect(await json(`headwater call ${note}`)).toMatchObject({ title: 'FIRST' })
  dev.kill('SIGTERM')
  expect(await dev.ended).toBe(0)
  taken.close()

  const unsure = startDev('--port', '0', '--fresh')
  expect(await unsure.ended).toBe(2)
  dev = startDev('--port', '0', '--fresh', '--yes')
  await dev.says('Try next')
  expect(await run(`headwater call ${note}`)).toMatchObject({ code: 5 })
}, 120_000)
