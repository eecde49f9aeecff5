import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { files, root } from '../tidy/sources.ts'

const run = promisify(execFile)

/** A package as it would be published. */
export interface Packed {
  readonly name: string
  readonly tarball: string
  readonly manifest: Manifest
  /** Paths in the tarball. */
  readonly files: readonly string[]
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Builds and packs every package in a copy of this checkout, from nothing: what an earlier build left goes into no tarball. */
export async function packAll(destination: string): Promise<Packed[]> {
  const copy = await realpath(await mkdtemp(join(tmpdir(), 'headwater-packing-')))
  try {
    await copyInto(copy)
    const folders = await packages(copy)
    await linkModules(copy, folders)
    await build(copy)
    await mkdir(destination, { recursive: true })
    const published = folders.filter(({ manifest }) => manifest.private !== true)
    for (const { folder } of published) await cp(join(root, 'LICENSE'), join(folder, 'LICENSE'))
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination]
    const { stdout } = await run('npm', [...args, ...published.map(({ folder }) => folder)], { maxBuffer: 1 << 26 })
    const made = JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[]
    const packed = made.map(({ name, filename, files: inside }) => ({
      name,
      tarball: join(destination, filename),
      manifest: published.find(({ manifest }) => manifest.name === name)!.manifest,
      files: inside.map(({ path }) => path),
    }))
    return packed
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

async function copyInto(copy: string): Promise<void> {
  const wanted = files().filter((path) => /^(packages|apps)\/|^tsconfig[^/]*\.json$/.test(path))
  for (const path of wanted) await cp(join(root, path), join(copy, path))
}

async function packages(copy: string): Promise<{ folder: string; manifest: Manifest }[]> {
  const found = []
  for (const kind of ['packages', 'apps'])
    for (const name of (await readdir(join(copy, kind))).sort()) {
      const folder = join(copy, kind, name)
      const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined)
      if (text !== undefined) found.push({ folder, manifest: JSON.parse(text) as Manifest })
    }
  return found
}

/** What is installed here, except that our own packages are those of the copy. */
async function linkModules(copy: string, folders: readonly { folder: string; manifest: Manifest }[]): Promise<void> {
  const own = new Map(folders.map(({ folder, manifest }) => [manifest.name, folder]))
  const link = async (name: string) => {
    const place = join(copy, 'node_modules', name)
    await mkdir(dirname(place), { recursive: true })
    await symlink(own.get(name) ?? join(root, 'node_modules', name), place)
  }
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('@')) await link(name)
    else for (const inside of await readdir(join(root, 'node_modules', name))) await link(`${name}/${inside}`)
  }
}

async function build(copy: string): Promise<void> {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  await run(tsc, ['-b', 'tsconfig.build.json'], { cwd: copy, maxBuffer: 1 << 26 }).catch((error) => {
    throw new Error(`The packages do not build:\n${String(error.stdout).split('\n').slice(0, 20).join('\n')}`)
  })
  const page = join(copy, 'apps', 'console')
  await run(process.execPath, ['build.mjs', '--out', join(page, 'dist', 'page')], { cwd: page })
  // A new landscape may begin as the bank: `headwater new landscape NAME --template bank`.
  const bank = join(copy, 'packages', 'cli', 'templates', 'bank')
  for (const path of files().filter((one) => one.startsWith('apps/bank/src/') && !/\.(test|fixture)\.tsx?$/.test(one)))
    await cp(join(copy, path), join(bank, relative('apps/bank', path)))
  // Of its manifest only what a landscape made from it needs.
  const { dependencies } = JSON.parse(await readFile(join(copy, 'apps', 'bank', 'package.json'), 'utf8'))
  await writeFile(join(bank, 'package.json'), JSON.stringify({ dependencies }))
}
