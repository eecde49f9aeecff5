import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { headwater } from './landscape.fixture.ts'
import { others } from './landscape-template.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-new-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const make = (line: string) => headwater(`headwater new landscape ${line}`, { cwd: folder })

it('writes a landscape that is nearly empty, and says how to go on', async () => {
  expect(await make('own')).toMatchObject({ code: 0, stderr: expect.stringContaining('cd own\n  npm install') })
  expect((await readdir(join(folder, 'own'), { recursive: true })).sort()).toEqual([
    '.gitignore',
    'README.md',
    'package.json',
    'src',
    'src/experiments',
    'src/experiments/service.ts',
    'tsconfig.json',
  ])
})

it('writes the whole bank, without the tests that reach beyond it', async () => {
  expect(await make('sub/my-bank --template bank --json')).toMatchObject({ code: 0 })
  const files = await readdir(join(folder, 'sub', 'my-bank', 'src'), { recursive: true })
  expect(files).toEqual(expect.arrayContaining(['simulate.ts', 'payments/service.ts', 'phone/app/index.html']))
  expect(files.filter((path) => path.includes('.test.'))).toEqual([])
  const manifest = JSON.parse(await readFile(join(folder, 'sub', 'my-bank', 'package.json'), 'utf8'))
  expect(manifest).toMatchObject({ name: 'my-bank', dependencies: { 'web-push': expect.any(String) } })
})

it.each([
  ['own', 1, 'to be empty or not there'],
  ['Own', 2, 'lower-case letters'],
  ['other --template shop', 2, 'empty or bank'],
  ['', 2, 'Expected a name'],
])('refuses "%s", and says what it expects', async (line, code, sentence) => {
  expect(await make(line)).toMatchObject({ code, stderr: expect.stringContaining(sentence) })
})

it('takes the versions that this project is tested with', async () => {
  const { devDependencies } = JSON.parse(
    await readFile(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8'),
  )
  expect(devDependencies).toMatchObject(others)
})
