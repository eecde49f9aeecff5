import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { headwater, headwaterApart, landscapeFolder, type Process, start } from './landscape.fixture.ts'

const bell = `
import { decidedByPeople, decider, events, resource, service } from '@headwater/service'
import { z } from 'zod'

const bell = events('bell', { Rung: { data: z.object({}), level: 'published' } })
export const ringing = decidedByPeople('ringing', {
  hypothesis: 'Customers who may ring a bell ring it.',
  lookAt: 'Who rang.',
  lookOn: '2020-01-31',
  adds: { services: ['bell'] },
})
const one = decider('bell', bell, {
  commands: { ring: z.object({}) },
  initialState: () => ({ rung: 0 }),
  decide: { ring: () => [bell.Rung({})] },
  evolve: { Rung: ({ rung }) => ({ rung: rung + 1 }) },
})
export default service('bell', {
  facts: bell,
  experiments: [ringing],
  resources: [resource('/bells/{bellId}', one, { links: {}, actions: { ring: { scope: 'bell:write', create: 'client' } } })],
})
`
const kept = `
import { experiments } from '@headwater/experiments'
export default experiments({ startAtOnce: true, everyMs: 200, onItsWayMs: 0 })
`
/** Code elsewhere that a person has to take out. */
const poster = `import { ringing } from '../bell/service.ts'
export const poster = ringing.hypothesis
`

let folder: string
let remove: () => Promise<void>
let server: Awaited<ReturnType<typeof throwAwayServer>>
let dev: Process

const run = (line: string) => headwater(line, { cwd: folder, env: { DATABASE_URL: server.url } })
const json = async (line: string) => {
  const { stdout, stderr, code } = await run(`${line} --json`)
  if (stdout === '') throw new Error(`${line} ended with ${code}: ${stderr}`)
  return { code, stderr, said: JSON.parse(stdout) as any }
}
const begin = async () => {
  dev = start(['dev', folder, '--port', '0', '--name', server.name, '--no-watch'], folder, {
    DATABASE_URL: server.url,
  })
  await dev.says('Try next')
}

beforeAll(async () => {
  server = await throwAwayServer()
  ;({ folder, remove } = await landscapeFolder())
  const files = { 'bell/service.ts': bell, 'experiments/service.ts': kept, 'posters/poster.ts': poster }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, 'src', path, '..'), { recursive: true })
    await writeFile(join(folder, 'src', path), text)
  }
  await begin()
}, 90_000)
afterAll(async () => {
  dev?.kill('SIGTERM')
  await dev?.ended
  await server?.drop()
  await remove?.()
}, 60_000)

describe('decided by people', () => {
  const list = async () => (await json('headwater experiment list')).said.find(({ name }: any) => name === 'ringing')

  it('is shown as overdue everywhere once its day has come', async () => {
    await vi.waitFor(async () => expect(await list()).toMatchObject({ phase: 'asked', overdue: true }), {
      timeout: 30_000,
      interval: 200,
    })
    for (const command of ['experiment list', 'ps'])
      expect((await run(`headwater ${command}`)).stderr).toContain(
        'overdue: ringing waits for a decision since 2020-01-31',
      )
    expect((await run('headwater experiment list')).stdout).toMatch(/ringing +asked +bell +2020-01-31 OVERDUE/)
    dev.kill('SIGTERM')
    await dev.ended
    await begin()
    await dev.says('overdue: ringing')
  }, 60_000)

  it('gets one more period, then its decision, each with a reason', async () => {
    const reason = '--because "The help desk has not been asked yet."'
    expect(await run(`headwater experiment extend ringing --until 2020-01-01 ${reason}`)).toMatchObject({ code: 1 })
    expect(await run('headwater experiment extend ringing --until 2099-01-01')).toMatchObject({ code: 2 })
    const extended = await json(`headwater experiment extend ringing --until 2099-01-01 ${reason} --as ada`)
    expect(extended.said).toMatchObject({ phase: 'running', until: '2099-01-01' })
    expect(await list()).toMatchObject({ overdue: false, due: '2099-01-01' })
    expect(await run('headwater experiment remove ringing --yes --because "Nobody likes it here."')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Decide first'),
    })
    expect(await run('headwater experiment decide ringing maybe --because x')).toMatchObject({ code: 2 })
    const decided = await json(
      'headwater experiment decide ringing kill --because "Nobody has rung it in a year." --as ada',
    )
    expect(decided.said).toMatchObject({ phase: 'killed', decision: { by: 'ada', verdict: 'kill' } })
  })
})

it('removes what was added when somebody says yes: listed, archived, gone, and names the code that is left', async () => {
  const asked = 'headwater experiment remove ringing --because "Nobody has rung it in a year."'
  const refused = await run(asked)
  expect(refused).toMatchObject({ code: 2, stdout: '' })
  for (const line of ['service bell', 'database', 'topics     headwater.bell', 'src/posters/poster.ts:1'])
    expect(refused.stderr).toContain(line)
  expect(existsSync(join(folder, 'src/bell'))).toBe(true)

  const { code, said } = await json(`${asked} --yes`)
  expect(code).toBe(4)
  expect(said).toMatchObject({ phase: 'removed', goes: [{ kind: 'flag' }, { kind: 'service', name: 'bell' }] })
  expect(said.gone).toEqual([expect.stringMatching(/service bell .*archived in/)])
  expect(said.code.map(({ path, line }: any) => `${path}:${line}`)).toContain('src/posters/poster.ts:1')
  expect(existsSync(join(folder, 'src/bell'))).toBe(false)
  expect((await json('headwater ps')).said.map(({ service }: any) => service)).toEqual(['experiments'])
  const archive = /archived in (\S+)/.exec(said.gone[0])![1]!
  expect(await readFile(archive, 'utf8')).toContain('ExperimentDeclared')
}, 30_000)

describe('a declaration that cannot be', () => {
  const others = `import { count, events, experiment, service } from '@headwater/service'
import { z } from 'zod'
const others = events('others', { Noted: { data: z.object({ customerId: z.string() }) } })
const own = events('wrong', { Saved: { data: z.object({ customerId: z.string() }) } })
const declared = (weight, of) => experiment('wrong', {
  hypothesis: 'It will not even start, whoever tries.', unit: 'customerId', variants: { off: 50, on: weight },
  primary: count(of, { within: '1d' }), decide: { after: '1d', by: '2099-01-01' },
})
`
  it.each([
    [
      'weights that do not sum',
      '[declared(60, own.Saved)]',
      /expected weights that sum to 100, got off 50 \+ on 60 = 110/,
    ],
    [
      "a metric on what is another service's own",
      '[declared(50, others.Noted)]',
      /reads Noted, which is internal to others/,
    ],
  ])('stops dev before anything runs: %s', async (_, experiments, sentence) => {
    const wrong = await landscapeFolder()
    await mkdir(join(wrong.folder, 'src/wrong'))
    const text = `${others}export default service('wrong', { facts: own, resources: [], experiments: ${experiments} })\n`
    await writeFile(join(wrong.folder, 'src/wrong/service.ts'), text)
    const { code, stdout, stderr } = await headwaterApart(`headwater dev ${wrong.folder}`, { cwd: wrong.folder })
    await wrong.remove()
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(sentence)])
    expect(stderr).toContain('src/wrong/service.ts')
  })
})

describe('alone, without any landscape', () => {
  /** 2,000 units; those treated have an outcome half as often again. */
  const prepare = async () => {
    await writeFile(
      join(folder, 'exposures.sql'),
      `select 'u' || range as unit, case when range % 2 = 0 then 'control' else 'treatment' end as variant,
        timestamp '2027-01-01' + interval (range) minute as time from range(2000);`,
    )
    await writeFile(
      join(folder, 'outcomes.sql'),
      `select 'u' || range as unit, timestamp '2027-01-05' as time, 10 as value from range(2000) where range % 10 < case when range % 2 = 0 then 4 else 8 end
       union all select 'nobody', timestamp '2027-06-01', 0`,
    )
  }
  const asked = 'headwater experiment analyse --exposures exposures.sql --outcomes outcomes.sql'

  it('gives the full result for what another tool recorded, and says that there is no loss ledger', async () => {
    await prepare()
    const { code, stderr, said } = await json(asked)
    expect([code, stderr]).toEqual([0, expect.stringContaining('No loss ledger')])
    expect(said.decision).toMatchObject({ kind: 'keep', variant: 'treatment' })
    expect(said.results.observed.variants).toMatchObject({ control: { exposed: 1000 }, treatment: { exposed: 1000 } })
    expect((await run(asked)).stdout).toMatch(/keep, treatment is better.*\n.*as allocated/)
  })

  it.each([
    [2, 'headwater experiment analyse --exposures exposures.sql', 'Expected --outcomes FILE.sql'],
    [5, `${asked.replace('outcomes.sql', 'none.sql')}`, 'Expected the file none.sql'],
    [1, `${asked} --variants control=60,treatment=50`, 'HW_WEIGHTS'],
    [1, `${asked} --variants control=50,other=50`, 'HW_VARIANT_UNKNOWN'],
    [2, `${asked} --metric median`, 'Expected one of share, count, sum'],
  ])('ends with %i: %s', async (code, line, sentence) => {
    await prepare()
    expect(await run(line)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) })
  })

  it('computes a dossier again, and tells one that was changed', async () => {
    await prepare()
    const { said } = await json(asked)
    const { experiment } = said
    const dossier = { experiment, observed: said.results.observed, results: said.results, decision: said.decision }
    await writeFile(join(folder, 'dossier.json'), JSON.stringify(dossier))
    expect(await json('headwater experiment recompute dossier.json')).toMatchObject({ code: 0, said: { same: true } })
    const other = { ...dossier, experiment: { ...experiment, hypothesis: 'Something else was promised before.' } }
    await writeFile(join(folder, 'other.json'), JSON.stringify(other))
    const { code, stdout } = await run('headwater experiment recompute other.json')
    expect([code, stdout]).toEqual([4, expect.stringContaining('NOT what was sealed')])
    dossier.decision = { kind: 'kill', because: 'I say so' }
    await writeFile(join(folder, 'changed.json'), JSON.stringify(dossier))
    expect(await json('headwater experiment recompute changed.json')).toMatchObject({ code: 4, said: { same: false } })
    expect(await run('headwater experiment recompute nowhere.json')).toMatchObject({ code: 5 })
  })
})
