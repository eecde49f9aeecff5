import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { throwAwayDatabase, throwAwayServer, type ThrowAwayServer } from '@headwater/testing'
import { transform } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { printed, prints } from '../../examples/alone/prints.fixture.ts'
import { others } from '../../packages/cli/src/landscape-template.ts'
import { root } from '../tidy/sources.ts'
import { packAll, type Packed } from './pack.ts'

let folder: string
let packed: Packed[]

/** A command in a folder where nothing but the tarballs and what they ask for is installed. */
async function run(cwd: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { NODE_OPTIONS: _, ...kept } = process.env
  return await promisify(execFile)(command, [...args], { cwd, env: { ...kept, ...env }, maxBuffer: 1 << 26 })
}

/** Our tarballs, what the examples import besides, and what a landscape's own tools are, from the registry. */
async function install(): Promise<void> {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const bank = JSON.parse(await readFile(join(root, 'apps', 'bank', 'package.json'), 'utf8')).dependencies
  const from = (names: readonly string[], versions: Readonly<Record<string, string>>) =>
    Object.fromEntries(names.map((name) => [name, versions[name]!]))
  const manifest = {
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`])),
      ...from(['express', '@types/express', '@types/pg'], devDependencies),
      ...from(['web-push', 'esbuild'], bank),
      ...others,
    },
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await run(folder, 'npm', ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'])
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-packed-'))
  packed = await packAll(join(folder, 'tarballs'))
  await install()
}, 600_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

it('packs what a package says it has, with README and licence, and no test', () => {
  expect(packed.length).toBeGreaterThan(14)
  const wrong = packed.flatMap(({ name, manifest, files }) => {
    const targets = [
      ...Object.values(manifest.exports ?? {}).flatMap((entry) => Object.values(entry)),
      ...Object.values(manifest.bin ?? {}),
    ]
    const wanted = ['README.md', 'LICENSE', ...targets.map((path) => path.replace('./', ''))]
    return [
      ...wanted.filter((path) => !files.includes(path)).map((path) => `${name} lacks ${path}`),
      ...files
        .filter((path) => /\.(test|test-d|fixture|tsbuildinfo)\b/.test(path))
        .map((path) => `${name} has ${path}`),
    ]
  })
  expect(wrong).toEqual([])
})

describe('each package used alone', () => {
  const programs = Object.keys(prints)

  it('fits the types that are published', async () => {
    const place = join(folder, 'types')
    await mkdir(place)
    for (const name of programs)
      await writeFile(join(place, name), await readFile(join(root, 'examples', 'alone', name)))
    const config = {
      compilerOptions: {
        target: 'es2023',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: ['node'],
      },
    }
    await writeFile(join(place, 'tsconfig.json'), JSON.stringify(config))
    const said = await run(place, process.execPath, [
      join(folder, 'node_modules', 'typescript', 'bin', 'tsc'),
      '-p',
      '.',
    ]).catch(({ stdout }) => stdout)
    expect(said).toMatchObject({ stdout: '' })
  }, 60_000)

  it.each(programs)(
    '%s prints what it is there to show',
    async (name) => {
      const database = await throwAwayDatabase()
      const { code } = await transform(await readFile(join(root, 'examples', 'alone', name)), {
        loader: 'ts',
        format: 'esm',
      })
      const file = join(folder, name.replace('.ts', '.mjs'))
      await writeFile(file, code)
      const { stdout } = await run(folder, process.execPath, [file], { DATABASE_URL: database.url })
      await database.drop()
      expect(stdout.trimEnd().split('\n')).toEqual(printed(name))
    },
    60_000,
  )
})

describe.each(['empty', 'bank'])('a new landscape from the template %s', (template) => {
  let landscape: string
  let server: ThrowAwayServer
  let started: ChildProcess | undefined
  beforeAll(async () => {
    const create = join(folder, 'node_modules', '.bin', 'create-headwater')
    await run(folder, create, [`my-${template}`, '--template', template])
    landscape = join(folder, `my-${template}`)
    // As `npm install` there would do once more.
    await symlink(join(folder, 'node_modules'), join(landscape, 'node_modules'))
    server = await throwAwayServer()
  }, 60_000)
  afterAll(async () => {
    started?.kill('SIGTERM')
    if (started !== undefined && started.exitCode === null) await once(started, 'exit')
    await server?.drop()
  }, 60_000)

  it('asks for nothing that is not installed', async () => {
    const { dependencies, devDependencies } = JSON.parse(await readFile(join(landscape, 'package.json'), 'utf8'))
    const there = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).dependencies
    expect(Object.keys(there)).toEqual(expect.arrayContaining(Object.keys({ ...dependencies, ...devDependencies })))
  })

  it('fits the types', async () => {
    const said = await run(landscape, 'npm', ['run', '-s', 'check']).catch(({ stdout }) => stdout)
    expect(said).toMatchObject({ stdout: '' })
  }, 120_000)

  it('starts, and answers', async () => {
    const bin = join(landscape, 'node_modules', '.bin', 'headwater')
    const env = { ...process.env, DATABASE_URL: server.url, NO_COLOR: '1' }
    started = spawn(bin, ['dev', '--port', '0', '--name', server.name], {
      cwd: landscape,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    await new Promise<void>((ready, failed) => {
      started!.stderr!.on('data', (text: Buffer) => (said += text.toString()).includes('Try next') && ready())
      started!.once('exit', () => failed(new Error(`It ended having said:\n${said}`)))
    })
    const { stdout } = await run(landscape, bin, ['ps', '--json'])
    const services = (JSON.parse(stdout) as { service: string }[]).map(({ service }) => service)
    expect(services).toContain('experiments')
    expect(services.includes('payments')).toBe(template === 'bank')
    const made = await run(landscape, bin, ['new', 'service', 'notes', '--json'])
    expect(JSON.parse(made.stdout)).toMatchObject({ service: 'notes' })
    const called = await run(landscape, bin, ['call', '/notes/notes', '--data', '{"title":"First"}'])
    expect(called.stdout).toContain('First')
  }, 120_000)
})
