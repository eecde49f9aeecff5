import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen, type Listening } from '@headwater/service/landscape'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { headwater } from './landscape.fixture.ts'

const names = ['landscape', 'member', 'foreign'] as const
type Name = (typeof names)[number]

let folder: string
const servers = {} as Record<Name, Listening>
/** What each was shown, in order. */
const shown = { landscape: [], member: [], foreign: [] } as Record<Name, (string | null)[]>

/** A landscape with one service at home and one in another process; and somebody else. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hw-connection-'))
  for (const name of names)
    servers[name] = await listen(async (request) => {
      shown[name].push(request.headers.get('authorization'))
      return request.headers.has('authorization')
        ? Response.json({ _links: { service: [{ name: 'far', href: `${servers.member.origin}/far/` }] } })
        : Response.json({ code: 'HW_UNAUTHENTICATED' }, { status: 401 })
    }, {})
  await mkdir(join(folder, '.headwater'))
  await writeFile(
    join(folder, '.headwater', 'landscape.json'),
    JSON.stringify({ url: `${servers.landscape.origin}/`, pid: process.pid }),
  )
})
afterAll(async () => {
  await Promise.all(names.map((name) => servers[name]?.close(0)))
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => names.forEach((name) => (shown[name].length = 0)))

const run = (line: string, env: Record<string, string> = {}) => headwater(line, { cwd: folder, env })

it('shows a token of the development issuer to the landscape that checks it, and to its services elsewhere', async () => {
  expect(await run('headwater call /')).toMatchObject({ code: 0 })
  expect(await run(`headwater call ${servers.member.origin}/far/`)).toMatchObject({ code: 0 })
  for (const name of ['landscape', 'member'] as const) expect(shown[name].at(-1)).toMatch(/^Bearer /)
})

it.each([
  ['a path that is a URL of somebody else', () => run(`headwater call ${servers.foreign.origin}/x`)],
  ['--url of another landscape', () => run(`headwater call / --url ${servers.foreign.origin}`)],
  ['HEADWATER_URL of another landscape', () => run('headwater call /', { HEADWATER_URL: servers.foreign.origin })],
])('shows nobody else one: %s', async (_, command) => {
  expect(await command()).toMatchObject({ code: 1, stderr: expect.stringContaining('HW_UNAUTHENTICATED') })
  expect(shown.foreign).toEqual([null])
})

it('says where the token of this folder goes, and how to give another', async () => {
  const { stderr } = await run(`headwater call / --url ${servers.foreign.origin}`)
  expect(stderr).toContain(`those of this folder are for ${servers.landscape.origin}/ alone. Set HEADWATER_TOKEN.`)
})

it('shows HEADWATER_TOKEN to the landscape that is meant, and to nobody its paths lead to', async () => {
  const env = { HEADWATER_TOKEN: 'given', HEADWATER_URL: servers.member.origin }
  await run('headwater call /', env)
  await run(`headwater call ${servers.foreign.origin}/x`, env)
  expect([shown.member[0], shown.foreign]).toEqual(['Bearer given', [null]])
})

it('refuses an entry URL that is none', async () => {
  expect(await run('headwater ps --url nonsense')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('nonsense'),
  })
})

it.each(['events pots', 'events pots --limit 1 --json'])('ends where nobody answers: %s', async (line) => {
  expect(await run(`headwater ${line} --url http://127.0.0.1:9/`)).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('nobody answers'),
  })
})

it.each([
  'events pots --limit some',
  'events pots --after -1',
  'history pots/pot-1 --upto last',
  'experiment replay round-ups --limit 1.5',
])('refuses a number that is none: %s', async (line) => {
  expect(await run(`headwater ${line}`)).toMatchObject({ code: 2, stdout: '' })
})
