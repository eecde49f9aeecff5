// Builds the page into `dist/page-<hash of its sources>` unless it is there, and says where that is. With `--out DIR` it goes there.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = dirname(fileURLToPath(import.meta.url))
const dist = join(home, 'dist')
const at = process.argv.indexOf('--out')
const out = at === -1 ? join(dist, `page-${await hashOfSources()}`) : process.argv[at + 1]
if (at !== -1 || !existsSync(out)) await make(out)
if (at === -1) await sweep(out)
process.stdout.write(`${out}\n`)

/** Of all that decides the page: its sources, the client it is built on, versions of what it imports. */
async function hashOfSources() {
  const client = join(home, '..', '..', 'packages', 'hypermedia', 'src')
  const sources = await Promise.all([join(home, 'src', 'app'), client].map(filesIn))
  const hash = createHash('sha256')
  for (const path of [...sources.flat().sort(), join(home, 'package.json'), join(home, 'build.mjs')])
    hash.update(path.slice(home.length)).update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}

async function filesIn(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** Made beside its place and then moved there: two who build at once do not meet. */
async function make(out) {
  const { build } = await import('vite')
  const made = join(dist, `.making-${process.pid}`)
  await mkdir(dist, { recursive: true })
  await build({
    root: join(home, 'src', 'app'),
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source', 'module', 'browser', 'production', 'default'] },
    build: {
      outDir: made,
      emptyOutDir: true,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  })
  await rm(out, { recursive: true, force: true })
  await rename(made, out).catch(async (error) => {
    await rm(made, { recursive: true, force: true })
    if (!existsSync(out)) throw error
  })
}

/** Takes away what was built a day ago from other sources. */
async function sweep(kept) {
  for (const name of await readdir(dist)) {
    const path = join(dist, name)
    const old = /^(page-|\.making-)/.test(name) && path !== kept
    if (old && Date.now() - (await stat(path)).mtimeMs > 86_400_000) await rm(path, { recursive: true, force: true })
  }
}
