import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rebuild } from '@headwater/event-store'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type Command, type ExitCode, parse } from '../command.ts'
import { make } from '../workshop.ts'
import { contractCheck } from './contract-check.ts'
import { contractExport } from './contract-export.ts'
import { contractHistory } from './contract-history.ts'
import { contractPull } from './contract-pull.ts'

let landscape: Landscape
let folder: string
let elsewhere: string
let server: Awaited<ReturnType<typeof throwAwayServer>>

/** `add`: what a balance becomes by one event of `minor`. */
const potsCode = (declaration: string, add = 'sum + minor') => `
import { decider, events, projection, service } from '@headwater/service'
import { z } from 'zod'
export const pots = events('pots', { Saved: { ${declaration} } })
const balances = projection('balances', pots, {
  key: ({ data }) => data.potId,
  initial: () => ({ sum: 0 }),
  on: { Saved: ({ sum }, { amountMinor = 0, minor = amountMinor }) => ({ sum: ${add} }) },
})
const pot = decider('pot', pots, {
  commands: { save: z.object({ amountMinor: z.int() }) },
  initialState: () => ({ sum: 0 }),
  decide: { save: ({ amountMinor }, _, { id }) => [pots.Saved({ potId: id, amountMinor, note: 'a' })] },
  evolve: { Saved: ({ sum }, { amountMinor = 0, minor = amountMinor }) => ({ sum: ${add} }) },
})
const full = { name: 'full', decider: pot, rows: (_, { id, state }) => [{ key: id, value: state.sum }] }
export default service('pots', { facts: pots, resources: [], projections: [balances, full] })
`
const before = `data: z.object({ potId: z.string(), amountMinor: z.int(), note: z.string() }), level: 'published'`
const listsCode = `
import { consumer, events, service } from '@headwater/service'
import { z } from 'zod'
const pots = events('pots', { Saved: { data: z.object({ potId: z.string(), amountMinor: z.int() }) } })
const list = consumer('list-pots', pots, { Saved: () => undefined })
export default service('lists', { facts: events('lists', {}), resources: [], consumers: [list] })
`

async function code(service: string, text: string) {
  await mkdir(join(folder, 'src', service), { recursive: true })
  await writeFile(join(folder, 'src', service, 'service.ts'), text)
}

beforeAll(async () => {
  // Inside the package, so that the services' imports are found.
  folder = await mkdtemp(join(import.meta.dirname, '.throw-away-'))
  elsewhere = await mkdtemp(join(import.meta.dirname, '.throw-away-'))
  await code('pots', potsCode(before))
  await code('lists', listsCode)
  server = await throwAwayServer()
  const services = await Promise.all(['pots', 'lists'].map(async (name) => (await make(folder, name)).service))
  const directory = join(folder, '.headwater')
  landscape = await startLandscape(services, {
    postgres: server.url,
    name: server.name,
    directory,
    lake: false,
    log: () => undefined,
  })
  await writeFile(join(directory, 'landscape.json'), JSON.stringify({ url: landscape.url }))
  const pots = landscape.services.get('pots')!
  const events = [1, 2].map((amountMinor) => ({ type: 'Saved', data: { potId: 'p1', amountMinor, note: 'a' } }))
  const meta = { correlationId: 'c', causationId: 'c' }
  await pots.store.append({ streams: [{ stream: 'pot-p1', events }], meta })
  for (const projection of pots.service.projections!) await rebuild(pots.store, projection)
  await vi.waitUntil(async () => {
    const { pool } = landscape.services.get('pots')!.surroundings
    return (await pool.query(`select from headwater.contract_readers where reader = 'lists/list-pots'`)).rowCount === 1
  }, 20_000)
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(folder, { recursive: true, force: true })
  await rm(elsewhere, { recursive: true, force: true })
})
beforeEach(() => code('pots', potsCode(before)))

/** Runs a command as the terminal would, with what it printed. */
async function run(
  command: Command,
  args: string[],
  cwd = folder,
  env: Record<string, string> = {},
): Promise<{ exit: ExitCode | Error; text: string }> {
  const { positionals, values } = parse(command, args)
  const lines: string[] = []
  const output = {
    json: args.includes('--json'),
    print: (line: string) => void lines.push(line),
    show: (value: unknown, readable: () => string) =>
      void lines.push(args.includes('--json') ? JSON.stringify(value) : readable()),
    say: (line: string) => void lines.push(line),
    progress: () => ({ at: () => undefined, end: () => undefined }),
    interactive: false,
    line: async (text: string) => void lines.push(text),
    confirm: async () => undefined,
    colour: (_: unknown, text: string) => text,
  }
  const signal = new AbortController().signal
  const exit = await command
    .run({ positionals, options: values, output, cwd, env, signal })
    .catch((error: Error & { exit?: ExitCode }) => {
      lines.push(error.message)
      return error.exit ?? error
    })
  return { exit, text: lines.join('\n') }
}

const without = (field: string) => before.replace(new RegExp(`${field}: z\\.\\w+\\(\\),? ?`), '')

it('finds nothing where nothing changed', async () => {
  expect(await run(contractCheck, [])).toMatchObject({
    exit: 0,
    text: expect.stringContaining('Nothing breaks (2 services'),
  })
})

it('lets go what nobody reads, and refuses what somebody does, by name, field and last read', async () => {
  await code('pots', potsCode(without('note')))
  expect(await run(contractCheck, [])).toMatchObject({ exit: 0, text: expect.stringContaining('Nobody reads it.') })
  await code('pots', potsCode(without('amountMinor')))
  const { exit, text } = await run(contractCheck, [])
  expect(exit).toBe(4)
  expect(text).toContain('REFUSED  pots Saved /amountMinor  PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL')
  expect(text).toMatch(/breaks lists\/list-pots: reads \/amountMinor; last read 20\d\d-/)
})

it('takes an internal rename behind an upcaster and a mapping, also when run over history; and says what history shows otherwise', async () => {
  const renamed = (factor: number) => `
    data: z.object({ potId: z.string(), minor: z.int(), note: z.string() }), level: 'published', version: 2,
    upcast: { 1: ({ amountMinor, ...rest }) => ({ ...rest, minor: amountMinor }) },
    published: { 1: { data: z.object({ potId: z.string(), amountMinor: z.int(), note: z.string() }),
      from: ({ minor, ...rest }) => ({ ...rest, amountMinor: minor * ${factor} }) } }`
  await code('pots', potsCode(renamed(1)))
  expect(await run(contractCheck, ['--history'])).toMatchObject({ exit: 0 })
  await code('pots', potsCode(renamed(100)))
  const { exit, text } = await run(contractHistory, ['pots'])
  expect([exit, text]).toEqual([
    4,
    expect.stringMatching(
      /pots Saved \(published version 1\): published differs, 2 events, the first at position 1\n.*\/amountMinor: 1 → 100/,
    ),
  ])
})

it('finds by history what no schema shows', async () => {
  await code('pots', potsCode(before.replace('z.int()', 'z.int().refine((minor) => minor > 1)')))
  expect(await run(contractCheck, [])).toMatchObject({ exit: 0 })
  expect(await run(contractHistory, [])).toMatchObject({
    exit: 4,
    text: expect.stringContaining('does not fit, 1 events'),
  })
})

it('says which rows the code would make otherwise, of projections that follow the log and of those that travel with it', async () => {
  expect(await run(contractHistory, ['pots'])).toEqual({ exit: 0, text: expect.stringContaining('as before') })
  await code('pots', potsCode(before, 'sum + minor + 1'))
  const { exit, text } = await run(contractHistory, ['pots'])
  expect(exit).toBe(4)
  expect(text).toContain('HISTORY  pots projection balances: rows differ, 1 rows\n         p1: {"sum":3} → {"sum":5}')
  expect(text).toContain('HISTORY  pots projection full: rows differ, 1 rows\n         p1: 3 → 5')
  await code('pots', potsCode(before, 'sum.nothing.at'))
  expect((await run(contractHistory, ['pots'])).text).toMatch(
    /balances: rows failed, 1 rows\n *at position 1: TypeError/,
  )
})

it('has rows of declared projections alone, for operators', async () => {
  const ask = async (projection: string) => {
    const token = await landscape.issuer.sign({ subject: 'op', scopes: ['operate'] })
    const url = new URL(`/projections/pots/${projection}`, landscape.url)
    return await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  }
  expect(await (await ask('full')).text()).toBe('{"position" : 2}\n{"key" : "p1", "value" : 3}\n')
  const none = await ask('nothing')
  expect([none.status, await none.json()]).toMatchObject([404, { code: 'HW_NO_SUCH_PROJECTION' }])
})

const tokenOf = (subject: string) => landscape.issuer.sign({ subject, scopes: ['events:read', 'explore'] })

it('exports what is published as AsyncAPI', async () => {
  const { exit, text } = await run(contractExport, ['pots'])
  expect([exit, JSON.parse(text)]).toEqual([
    0,
    expect.objectContaining({
      asyncapi: '3.0.0',
      channels: expect.objectContaining({ events: expect.objectContaining({ address: '/pots/events' }) }),
    }),
  ])
})

it('checks without a landscape against what was kept in a file', async () => {
  expect(await run(contractCheck, ['--lock'])).toMatchObject({ exit: 0 })
  const away = join(folder, '.headwater', 'landscape.json')
  const text = await readFile(away, 'utf8')
  await rm(away)
  await code('pots', potsCode(without('amountMinor')))
  const checked = await run(contractCheck, [])
  await writeFile(away, text)
  expect(checked).toMatchObject({
    exit: 4,
    text: expect.stringMatching(/breaks lists\/list-pots[\s\S]*contract\.lock\.json/),
  })
})

it('lets a change through when somebody says why, and keeps who it was', async () => {
  await code('pots', potsCode(without('amountMinor')))
  expect(await run(contractCheck, [])).toMatchObject({ exit: 4 })
  expect(
    await run(contractCheck, ['--override', 'lists moves next week'], folder, { GIT_AUTHOR_EMAIL: 'ada@example.org' }),
  ).toMatchObject({ exit: 0 })
  expect(await run(contractCheck, [])).toMatchObject({ exit: 0 })
  const { rows } = await landscape.services
    .get('pots')!
    .surroundings.pool.query('select who, why from headwater.contract_overrides')
  expect(rows).toEqual([{ who: 'ada@example.org (operator)', why: 'lists moves next week' }])
})

it('remembers what was let through, and refuses what is more', async () => {
  await code('pots', potsCode(without('amountMinor').replace('potId: z.string()', 'potId: z.int()')))
  const { exit, text } = await run(contractCheck, [])
  expect(exit).toBe(4)
  expect(text).toContain('REFUSED  pots Saved /potId')
  expect(text).not.toContain('/amountMinor  PROPERTY_REMOVED')
})

it('lets nothing through that history has against it', async () => {
  await code('pots', potsCode(without('note').replace('z.int()', 'z.string()')))
  const { exit, text } = await run(contractCheck, ['--history', '--override', 'who knows'])
  expect([exit, text]).toEqual([4, expect.stringMatching(/HISTORY[^]*Let through: [^]*Refused/)])
})

it('tells a consumer elsewhere that it is behind, and whether that matters', async () => {
  expect(
    await run(contractPull, [landscape.url, 'pots'], elsewhere, { HEADWATER_TOKEN: await tokenOf('team') }),
  ).toMatchObject({ exit: 0 })
  const file = join(elsewhere, 'pots.contract.ts')
  const pulled = await readFile(file, 'utf8')
  expect(pulled).toContain('reads: 1,')
  const again = (choice: string) =>
    run(contractPull, [landscape.url, 'pots', choice], elsewhere, { HEADWATER_URL: landscape.url })
  expect(await again('Saved')).toEqual({ exit: 2, text: expect.stringContaining('like Placed@2, got "Saved"') })
  // Of whichever landscape commands are about, the file is held against the one it was pulled from.
  const check = async () =>
    await run(contractCheck, [], elsewhere, {
      HEADWATER_TOKEN: await tokenOf('team'),
      HEADWATER_URL: 'http://127.0.0.1:9/',
    })
  expect(await check()).toMatchObject({
    exit: 0,
    text: expect.stringContaining('Nothing breaks (0 services and 1 pulled'),
  })
  const served = async (declaration: string) => {
    await code('pots', potsCode(declaration))
    await landscape.mount((await make(folder, 'pots')).service)
  }
  await served(without('note'))
  expect(await check()).toMatchObject({
    exit: 4,
    text: expect.stringContaining('REFUSED  pots.contract.ts Saved /note'),
  })
  await writeFile(file, pulled.replace(/ *note: z.string\(\),\n/, ''))
  expect(await check()).toMatchObject({
    exit: 0,
    text: expect.stringContaining('is behind, and what it reads has not changed'),
  })
  await served(before)
})
