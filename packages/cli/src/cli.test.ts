import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { throwAwayDatabase, throwAwayServer } from '@headwater/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { type Answered, headwater, headwaterApart, landscapeFolder, type Process, start } from './landscape.fixture.ts'

let folder: string
let remove: () => Promise<void>
let server: Awaited<ReturnType<typeof throwAwayServer>>
let owned: Awaited<ReturnType<typeof throwAwayDatabase>>
let dev: Process
let loaded: Command[]
let simulated: Answered

beforeAll(async () => {
  loaded = await Promise.all(commands.map(({ load }) => load()))
  server = await throwAwayServer()
  owned = await throwAwayDatabase()
  ;({ folder, remove } = await landscapeFolder('apps/bank/src'))
  dev = start(['dev', folder, '--port', '0', '--name', server.name], folder, { DATABASE_URL: server.url })
  await Promise.race([dev.says('Try next'), dev.ended])
  simulated = await run('headwater simulate --customers 20 --days 3')
  await json('headwater call /settle --data {}')
}, 180_000)
afterAll(async () => {
  dev?.kill('SIGTERM')
  await dev?.ended
  await server?.drop()
  await owned?.drop()
  await remove?.()
}, 60_000)

/** These import the landscape's code, which needs a process that reads TypeScript. */
const loading = /^headwater (contract (check|history|export)|migrate \w|experiment replay)/

function run(said: string | readonly string[]) {
  const line = typeof said === 'string' ? said.replace('postgres://owner@localhost/payments', owned.url) : said
  const place = { cwd: folder, env: { DATABASE_URL: server.url } }
  return typeof line === 'string' && loading.test(line) ? headwaterApart(line, place) : headwater(line, place)
}

/** stdout of a command line that must do well, as JSON. */
async function json(line: string): Promise<any> {
  const { code, stdout, stderr } = await run(`${line} --json`)
  if (code !== 0) throw new Error(`${line} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** Either one document, or one on each line. */
function isJson(text: string): boolean {
  const parses = (part: string) => {
    try {
      return JSON.parse(part) !== undefined
    } catch {
      return false
    }
  }
  return parses(text) || text.trimEnd().split('\n').every(parses)
}

/** Told apart, since they change what others look at. */
const apart = new Set(['simulate', 'new landscape', 'new service', 'rm service', 'adopt'])

it('simulates customers, and keeps what it says about it off stdout', () => {
  expect(simulated).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/done in/) })
})

describe('every example of the help', () => {
  const examples = async () => loaded.filter(({ name }) => !apart.has(name)).flatMap((command) => command.examples)

  it('runs, with data on stdout', async () => {
    const lines = await examples()
    expect(lines.length).toBeGreaterThan(20)
    const wrong: unknown[] = []
    for (const line of lines) {
      const { code, stdout, stderr } = await run(line)
      if (code !== 0 || stdout === '') wrong.push({ line, code, stdout: stdout.slice(0, 300), stderr })
    }
    expect(wrong).toEqual([])
  }, 300_000)

  it('gives JSON, and nothing else on stdout, with --json', async () => {
    const wrong: unknown[] = []
    // A process each takes a while: of those one a command.
    const seen = new Set<string>()
    const once = (line: string) =>
      !loading.test(line) || seen.size < seen.add(line.split(' ').slice(1, 3).join(' ')).size
    for (const line of (await examples()).filter(once)) {
      const { code, stdout, stderr } = await run(line.includes('--json') ? line : `${line} --json`)
      if (code !== 0 || !isJson(stdout)) wrong.push({ line, code, stdout: stdout.slice(0, 300), stderr })
    }
    expect(wrong).toEqual([])
  }, 300_000)

  it('is shown by --help, with usage and options', async () => {
    for (const command of loaded) {
      const { code, stdout } = await run([...command.name.split(' '), '--help'])
      expect([command.name, code]).toEqual([command.name, 0])
      for (const line of [`headwater ${command.name} ${command.usage}`.trimEnd(), ...command.examples])
        expect(stdout).toContain(line)
    }
    const { stdout } = await run('headwater help')
    for (const { name, summary } of commands) {
      expect(stdout).toContain(name)
      expect(stdout).toContain(summary)
    }
  })
})

describe('an exit code says what was wrong, and stdout stays empty', () => {
  it.each([
    [2, 'headwater fly'],
    [2, 'headwater ps --fast'],
    [2, 'headwater history'],
    [2, 'headwater history payments'],
    [2, 'headwater token --ttl soon'],
    [2, 'headwater adopt payments'],
    [2, 'headwater rm service insights'],
    [2, 'headwater forget ada'],
    [2, 'headwater migrate payments'],
    [2, 'headwater parked notifications tell-of-arrivals --skip 1'],
    [3, 'headwater ps --url http://127.0.0.1:9/'],
    [3, 'headwater wait --timeout 0.2 --url http://127.0.0.1:9/'],
    [4, 'headwater rm service payments --yes'],
    [5, 'headwater history payments/ledger-nobody'],
    [5, 'headwater history nothing/pot-1'],
    [5, 'headwater blame payments/ledger-world /never'],
    [5, 'headwater why nobody-knows-this-event'],
    [5, 'headwater import payments no-such-file'],
    [5, 'headwater parked payments nobody'],
    [5, 'headwater call /payments/payments/none'],
    [1, 'headwater query "select nothing from nowhere"'],
  ])('%i: %s', async (code, line) => {
    expect(await run(line)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/./) })
  })

  it('3 where no landscape is', async () => {
    const outside = await headwater('headwater ps', { cwd: tmpdir() })
    expect(outside).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('headwater dev') })
  })

  it('4 where the doctor finds a landscape that was killed', async () => {
    const killed = join(folder, 'node_modules', 'killed')
    await mkdir(join(killed, '.headwater'), { recursive: true })
    const note = JSON.stringify({ url: 'http://127.0.0.1:9/', pid: 1 })
    await writeFile(join(killed, '.headwater', 'landscape.json'), note)
    const found = await headwater('headwater doctor --json', { cwd: killed })
    expect(found.code).toBe(4)
    const ill = (JSON.parse(found.stdout) as { check: string; state: string }[]).filter(({ state }) => state === 'ill')
    expect(ill.map(({ check }) => check)).toEqual(expect.arrayContaining(['landscape', 'services']))
    expect(found.stderr).toContain('headwater dev')
  })
})

it('says who did what to an entity: history, state then, difference, blame, causes', async () => {
  const stream = 'payments/ledger-world'
  const kept = await json(`headwater history ${stream}`)
  expect(kept.length).toBeGreaterThan(2)
  const balance = async (version: number) =>
    (await json(`headwater history ${stream} --at ${version}`)).state.balanceMinor
  const difference = await json(`headwater diff ${stream} 1 2`)
  expect(difference.changes).toContainEqual({
    pointer: '/balanceMinor',
    before: await balance(1),
    after: await balance(2),
  })
  const blamed = await json(`headwater blame ${stream} /balanceMinor`)
  expect(blamed.event.version).toBe(kept.length)
  const caused = (await json(`headwater why ${blamed.event.id}`)) as { id: string; service: string }[]
  expect(caused.map(({ id }) => id)).toContain(blamed.event.id)
  expect(new Set(caused.map(({ service }) => service)).size).toBeGreaterThan(1)
})

it('forgets a person by command', async () => {
  const registered = (await run('headwater events customers --type CustomerRegistered --limit 1 --json')).stdout
  const { customerId } = JSON.parse(registered).data
  const before = (await run(`headwater history customers/customer-${customerId} --at 1`)).stdout
  expect(JSON.parse(before).name).not.toBe('')
  expect(await json(`headwater forget ${customerId} --yes`)).toMatchObject({ forgotten: customerId })
  const after = await run(`headwater history customers/customer-${customerId} --at 1`)
  expect(after.stdout).not.toContain(JSON.parse(before).name)
})

/** All there is of the landscape, and would be left by what is not removed whole. */
async function allThereIs() {
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  const named = async (sql: string) =>
    (await admin.query(sql, [`${server.name}_`])).rows.map(({ name }) => name as string)
  const databases = await named('select datname as name from pg_database where starts_with(datname, $1) order by 1')
  const roles = await named('select rolname as name from pg_roles where starts_with(rolname, $1) order by 1')
  await admin.end()
  const files = (await readdir(join(folder, 'src'), { recursive: true })).sort()
  const entry = await json('headwater call /')
  const links = entry._links.service.map(({ name, href }: { name: string; href: string }) => `${name} ${href}`).sort()
  const status = await json('headwater ps')
  const consumers = status.flatMap((one: any) => one.consumers.map(({ name }: any) => `${one.service}/${name}`)).sort()
  const readers = await Promise.all(
    status.map(async ({ service }: { service: string }) => {
      const { readers: known } = await json(`headwater call /${service}/contract/readers`)
      return known.map(({ name }: { name: string }) => `${service} ← ${name}`).sort()
    }),
  )
  return { databases, roles, files, links, consumers, readers }
}

it('makes a service that knows all of history, and removes it without a trace', async () => {
  const before = await allThereIs()
  const made = await json('headwater new service reminders --follow payments/Credited')
  const [[credited]] = (await json(`headwater query "select count(*) from events where type = 'Credited'"`)).rows
  expect(made).toMatchObject({ service: 'reminders', handled: Number(credited) })
  const { seen } = await json('headwater call /reminders/seen')
  expect(seen.reduce((sum: number, { times }: { times: string }) => sum + Number(times), 0)).toBe(Number(credited))
  const between = await allThereIs()
  expect(between.links).toHaveLength(before.links.length + 1)
  expect(between.databases).toHaveLength(before.databases.length + 1)

  const refused = await run('headwater rm service reminders')
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('Say --yes') })
  expect((await allThereIs()).links).toEqual(between.links)
  const removed = await json('headwater rm service reminders --yes')
  expect(removed.archive.path).toContain('reminders')
  expect(await allThereIs()).toEqual(before)
}, 120_000)

it('exports a log, imports it into a new service, and finds the same events there', async () => {
  const { stdout, stderr } = await run('headwater export payments')
  const lines = stdout.trimEnd().split('\n')
  expect(stderr).toBe(`${lines.length} events of payments\n`)
  const file = join(folder, 'payments.ndjson')
  await writeFile(file, stdout)
  await json('headwater new service copies')
  expect(await json(`headwater import copies ${file}`)).toEqual({ service: 'copies', events: lines.length })
  expect(await json(`headwater import copies ${file}`)).toEqual({ service: 'copies', events: lines.length })
  const copied = (await run('headwater export copies')).stdout.trimEnd().split('\n')
  const kept = (line: string) => {
    const { id, type, subject, streamversion, data } = JSON.parse(line)
    return { id, type, subject, streamversion, data }
  }
  expect(copied.map(kept)).toEqual(lines.map(kept))
  expect(await run(`headwater import payments ${file}`)).toMatchObject({ code: 0 })
  const shuffled = join(folder, 'shuffled.ndjson')
  await writeFile(shuffled, lines.reverse().join('\n'))
  expect(await run(`headwater import copies ${shuffled}`)).toMatchObject({ code: 1, stdout: '' })
  await json('headwater rm service copies --yes')
}, 120_000)

it('goes on under a new name after adopt', async () => {
  const logs = async () =>
    Object.fromEntries((await json('headwater ps')).map(({ service, log }: any) => [service, log]))
  const before = await logs()
  const adopted = await json('headwater adopt cards --yes')
  expect(adopted.parent).toBe(before.cards)
  expect(await logs()).toEqual({ ...before, cards: adopted.log })
})

it('completes commands, second words and options in bash', async () => {
  const { stdout } = await run('headwater completion bash')
  const script = join(folder, 'completion.bash')
  await writeFile(script, stdout)
  const complete = async (...line: string[]) => {
    const words = ['headwater', ...line].map((word) => `'${word}'`).join(' ')
    const code = `source ${script}; COMP_WORDS=(${words}); COMP_CWORD=${line.length}; _headwater; echo "\${COMPREPLY[@]}"`
    return (await promisify(execFile)('bash', ['-c', code])).stdout.trim().split(' ')
  }
  expect(await complete('re')).toEqual(['rebuild', 'rewind', 'render'])
  expect(await complete('rm', '')).toEqual(['service'])
  expect(await complete('parked', 'notifications', '--r')).toEqual(['--retry', '--reason'])
  expect(await complete('new', 'service', 'x', '--fo')).toEqual(['--follow'])
})

it('keeps what is for people out of data: no colour where no terminal is', async () => {
  const { stdout, stderr } = await run('headwater diff payments/ledger-world')
  expect(stdout + stderr).not.toContain('\u001B')
  const forced = await headwater('headwater diff payments/ledger-world', { cwd: folder, env: { FORCE_COLOR: '1' } })
  expect(forced.stdout).toContain('\u001B[32m')
  const both = { FORCE_COLOR: '1', NO_COLOR: '1' }
  expect((await headwater('headwater diff payments/ledger-world', { cwd: folder, env: both })).stdout).toBe(stdout)
})

it('stops cleanly and leaves the note of where it runs to nobody', async () => {
  dev.kill('SIGINT')
  expect([await dev.ended, dev.said().slice(-2_000)]).toEqual([0, expect.stringContaining('stopped; the data is kept')])
  await expect(readFile(join(folder, '.headwater', 'landscape.json'))).rejects.toThrow(/ENOENT/)
})
