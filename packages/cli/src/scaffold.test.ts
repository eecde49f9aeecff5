import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { headwater } from './landscape.fixture.ts'
import { make } from './workshop.ts'

let folder: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
let landscape: Landscape

/** Words of the language, of SQL, of the files themselves, and of what every service has. */
const names = [
  'cases returns class await constructor a- a--b ss',
  'order pg-mine headwater',
  'services items views events cmds followed seen zs',
  'requests homes profile rels follow streams contract',
].flatMap((words) => words.split(' '))

beforeAll(async () => {
  // Inside the package, so that the services' imports are found.
  folder = await mkdtemp(join(import.meta.dirname, '.throw-away-'))
  server = await throwAwayServer()
  await mkdir(join(folder, 'src', 'pots'), { recursive: true })
  const pots = `import { events } from '@headwater/service'
import { z } from 'zod'
export const item = events('pots', { Saved: { data: z.object({}) } })
`
  await writeFile(join(folder, 'src', 'pots', 'events.ts'), pots)
}, 60_000)
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

it('writes services that work, whatever they are called', async () => {
  for (const name of names) {
    const { code, stderr } = await headwater(`headwater new service ${name} --follow pots/Saved`, { cwd: folder })
    expect([name, code, stderr]).toEqual([name, 0, expect.stringContaining('wrote')])
  }
  const services = await Promise.all(names.map(async (name) => (await make(folder, name)).service))
  const { url: postgres, name } = server
  const directory = join(folder, '.headwater')
  landscape = await startLandscape(services, { postgres, name, directory, lake: false, log: () => undefined })
  const ask = landscape.fetchAs(
    'ada',
    names.flatMap((one) => [`${one}:read`, `${one}:write`]),
  )
  const headers = { 'content-type': 'application/json', accept: 'application/prs.hal-forms+json' }
  for (const { name: one, resources } of services) {
    const list = `${landscape.url}${one}${resources[1]!.path}`
    const document = (await (await ask(list, { headers })).json()) as { _templates: Record<string, { target: string }> }
    const [form] = Object.values(document._templates)
    const opened = await ask(new URL(form!.target, list), { method: 'POST', headers, body: '{"title":"First"}' })
    expect([one, opened.status]).toEqual([one, 201])
    const [[value]] = Object.values<any>(await (await ask(list, { headers })).json()) as any
    expect([one, value]).toEqual([one, expect.objectContaining({ title: 'First', open: true })])
  }
}, 120_000)

it.each(['live', 'status', 'lake', 'rebuild'])(
  'refuses a path of the landscape itself before it writes: %s',
  async (name) => {
    expect(await headwater(`headwater new service ${name}`, { cwd: folder })).toMatchObject({ code: 2 })
    expect(existsSync(join(folder, 'src', name))).toBe(false)
  },
)

it('refuses a name that a service of the landscape has before it writes', async () => {
  await writeFile(join(folder, '.headwater', 'landscape.json'), JSON.stringify({ url: landscape.url }))
  await rm(join(folder, 'src', 'cases'), { recursive: true })
  const refused = await headwater('headwater new service cases', { cwd: folder })
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('no service of the landscape has') })
  expect(existsSync(join(folder, 'src', 'cases'))).toBe(false)
}, 120_000)
