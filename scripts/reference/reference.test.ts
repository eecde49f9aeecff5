import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resource, service } from '@headwater/service'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer, type ThrowAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { facts, pot } from '../../examples/sketch/pots.ts'
import { files, root } from '../tidy/sources.ts'
import { landscapePaths, type Path, servicePaths } from './http.ts'
import { reference } from './reference.ts'

const pots = service('pots', { facts, resources: [resource('/pots/{potId}', pot, { links: {}, actions: {} })] })

let server: ThrowAwayServer
let directory: string
let landscape: Landscape
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-reference-'))
  server = await throwAwayServer()
  landscape = await startLandscape([pots], {
    postgres: server.url,
    name: server.name,
    directory,
    log: () => undefined,
  })
}, 60_000)
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

it('is what the declarations say today: else run `npm run docs`', async () => {
  const pages = await reference()
  const kept = files().filter((path) => path.startsWith('docs/reference/'))
  expect(kept.map((path) => path.replace('docs/reference/', '')).sort()).toEqual(pages.map(({ path }) => path).sort())
  const behind: string[] = []
  for (const { path, text } of pages)
    if ((await readFile(join(root, 'docs', 'reference', path), 'utf8')) !== text) behind.push(path)
  expect(behind).toEqual([])
}, 60_000)

it('says of every value of a package what it is for', async () => {
  const silent = (await reference())
    .filter(({ path }) => path.startsWith('packages/'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/### (\w+)\n\n```ts\n(?:async function|function|const|class)/g)].map(
        ([, name]) => `${path}: ${name}`,
      ),
    )
  expect(silent).toEqual([])
})

const named = (path: string) => path.replace('{stream}', 'pot-1').replaceAll(/\{\w+\}/g, 'nobody')

/** Status with a token of these rights; without any, as nobody. */
async function status({ method, path }: Path, scopes?: readonly string[]): Promise<number> {
  const headers: Record<string, string> = { accept: 'application/json', 'content-type': 'application/json' }
  if (scopes !== undefined)
    headers.authorization = `Bearer ${await landscape.issuer.sign({ subject: 'reader', scopes: [...scopes] })}`
  const init = { method, headers, ...(method === 'GET' ? {} : { body: '{}' }) }
  return (await fetch(new URL(named(path), landscape.url), init)).status
}

const every = [...landscapePaths, ...servicePaths.map((path) => ({ ...path, path: `/pots${path.path}` }))]

it.each(every.filter(({ scope }) => scope === undefined))('answers everybody $method $path', async (path) => {
  expect(await status(path)).toBe(200)
})

it.each(every.filter(({ scope }) => scope !== undefined))(
  'asks for the right $scope alone at $method $path',
  async (path) => {
    expect(await status(path)).toBe(401)
    expect(await status(path, ['nothing:read'])).toBe(403)
    expect([401, 403, 405, 500]).not.toContain(await status(path, [path.scope!]))
  },
)

it('lists every path of an operator, and of a contract', async () => {
  const operating = await readFile(join(root, 'packages/service/src/operating.ts'), 'utf8')
  const promises = await readFile(join(root, 'packages/service/src/contract-resource.ts'), 'utf8')
  const said = [
    ...[...operating.matchAll(/^ {2}'(\w+ \/[\w/-]*)'/gm)].map(([, path]) => path!),
    ...[...promises.matchAll(/^ {2}'(\w+) ([\w-]*)':/gm)].map(([, method, path]) =>
      `${method} /contract/${path}`.replace(/\/$/, ''),
    ),
  ]
  expect(said.length).toBeGreaterThan(15)
  const listed = every.map(({ method, path }) => `${method} ${path.replace(/^\/pots/, '')}`)
  const missing = said.filter(
    (path) => !listed.some((one) => one === path || (one.startsWith(path) && one.includes('{'))),
  )
  expect(missing).toEqual([])
})

it('names the relation of each link that the entry, the home and the contract show', async () => {
  const token = await landscape.issuer.sign({
    subject: 'reader',
    scopes: ['events:read', 'explore', 'operate', 'pots:read'],
  })
  const links = async (path: string) => {
    const headers = { accept: 'application/hal+json', authorization: `Bearer ${token}` }
    return Object.keys(((await (await fetch(new URL(path, landscape.url), { headers })).json()) as any)._links)
  }
  const relations = every.flatMap(({ relation }) => relation ?? [])
  const known = new Set([...relations, 'self', 'service', 'home', 'entry', 'pot'])
  const shown = [...(await links('/')), ...(await links('/pots/')), ...(await links('/pots/contract'))]
  expect(shown.filter((relation) => !known.has(relation))).toEqual([])
  expect(shown).toEqual(expect.arrayContaining(relations))
})
