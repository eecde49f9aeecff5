import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, type FSWatcher, watch } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Service } from '@headwater/service'
import { build, type BuildFailure, type Message } from 'esbuild'

/** A service as its folder has it now. */
export interface Made {
  readonly name: string
  readonly service: Service
  /** Hash of its code and of everything of the landscape's own that it imports. */
  readonly hash: string
}

/** What is wrong with the code, where, and what helps. */
export class Broken extends Error {
  readonly code = 'HW_SERVICE_BROKEN'
  readonly file: string
  constructor(file: string, sentence: string) {
    super(sentence)
    this.file = file
  }
}

/** Folders of a landscape that hold a service: `service.ts` in each folder of `src`. */
export async function serviceFolders(landscape: string): Promise<string[]> {
  const source = join(landscape, 'src')
  const entries = await readdir(source, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() && existsSync(join(source, entry.name, 'service.ts')))
    .map((entry) => entry.name)
    .sort()
}

/** Bundles a service's folder and imports it. */
export async function make(landscape: string, folder: string): Promise<Made> {
  const path = `src/${folder}/service.ts`
  const { module, hash } = await importBundle<{ default?: Service }>(landscape, path)
  if (module.default?.kind !== 'service') {
    throw new Broken(
      path,
      `Expected ${path} to export a service by default: export default service('${folder}', { … }).`,
    )
  }
  return { name: module.default.name, service: module.default, hash }
}

/** What a file of the landscape exports. */
export async function load<Module>(landscape: string, path: string): Promise<Module> {
  return (await importBundle<Module>(landscape, path)).module
}

/**
 * Bundles a file with the landscape's own files it imports (packages stay outside) and imports that. The same code is imported
 * once: its file is named by its hash.
 */
async function importBundle<Module>(landscape: string, path: string): Promise<{ module: Module; hash: string }> {
  const bundled = await bundle(landscape, path)
  const hash = createHash('sha256').update(bundled).digest('hex').slice(0, 16)
  const place = join(landscape, '.headwater', 'build')
  const file = join(place, `${path.replaceAll(/[^a-z0-9-]+/gi, '_')}-${hash}.mjs`)
  await mkdir(place, { recursive: true })
  await writeFile(file, bundled)
  try {
    return { module: (await import(pathToFileURL(file).href)) as Module, hash }
  } catch (error) {
    throw new Broken(path, `${path} cannot be loaded: ${(error as Error).message}`)
  }
}

async function bundle(landscape: string, path: string): Promise<Uint8Array> {
  try {
    const { outputFiles } = await build({
      entryPoints: [join(landscape, path)],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: 'inline',
      sourcesContent: false,
      outfile: join(landscape, '.headwater', 'build', 'bundle.mjs'),
      logLevel: 'silent',
    })
    return outputFiles[0]!.contents
  } catch (error) {
    const { errors } = error as BuildFailure
    if (errors === undefined) throw error
    throw new Broken(path, errors.map(readable).join('\n'))
  }
}

function readable({ text, location }: Message): string {
  return location === null
    ? text
    : `${location.file}:${location.line}:${location.column}: ${text}\n    ${location.lineText.trim()}`
}

/**
 * Calls `changed` once things are quiet after a save, never while the last call is at work. What it answers stops the watching, and
 * resolves when nothing is at work any more.
 */
export function watchSource(landscape: string, changed: () => Promise<void>): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let working = Promise.resolve()
  let stopped = false
  const later = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      working = working.then(() => (stopped ? undefined : changed()))
    }, 60)
  }
  let watcher = watched()
  function watched(): FSWatcher {
    const one = watch(join(landscape, 'src'), { recursive: true }, later)
    // A folder that goes while it is looked into breaks the watching, not what is watched.
    one.on('error', () => {
      one.close()
      if (stopped) return
      watcher = watched()
      later()
    })
    return one
  }
  return async () => {
    stopped = true
    clearTimeout(timer)
    watcher.close()
    await working
  }
}

/** Forgets bundles that no running service was made from. */
export async function sweep(landscape: string, hashes: ReadonlySet<string>): Promise<void> {
  const place = join(landscape, '.headwater', 'build')
  for (const name of await readdir(place).catch(() => [])) {
    if (![...hashes].some((hash) => name.endsWith(`-${hash}.mjs`))) await rm(join(place, name), { force: true })
  }
}

/**
 * What the type checker has against the code, file and line first; undefined when it is content or not installed. It is the
 * landscape's own TypeScript. `tsconfig.dev.json` says how, where the landscape's own `tsconfig.json` is for building.
 */
export async function typeErrors(landscape: string): Promise<string | undefined> {
  const config = ['tsconfig.dev.json', 'tsconfig.json'].map((name) => join(landscape, name)).find(existsSync)
  if (config === undefined) return undefined
  const program = typeChecker(landscape)
  if (program === undefined) return undefined
  const output = await new Promise<string>((done) => {
    const args = [program, '--noEmit', '--pretty', 'false', '-p', config]
    // tsc ends with 1 or 2 where types do not fit, and says so on stdout.
    execFile(process.execPath, args, { cwd: landscape, timeout: 60_000 }, (_, stdout) => done(stdout))
  })
  const own = ownErrors(output)
  return own === '' ? undefined : own
}

/** Errors in the landscape's own files, with their indented explanations: what is wrong elsewhere holds no save back. */
function ownErrors(output: string): string {
  let own = false
  const kept = output.split('\n').filter((line) => {
    if (/error TS\d+:/.test(line)) own = !line.startsWith('..')
    return own && line !== ''
  })
  return kept.join('\n')
}

function typeChecker(landscape: string): string | undefined {
  try {
    const manifest = createRequire(join(landscape, 'package.json')).resolve('typescript/package.json')
    return join(dirname(manifest), 'bin', 'tsc')
  } catch {
    return undefined
  }
}
