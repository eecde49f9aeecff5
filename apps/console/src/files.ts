import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** One file of the page, as it is sent. */
export interface File {
  readonly bytes: Uint8Array
  readonly gzipped: Uint8Array
  readonly type: string
  readonly etag: string
}

export type Files = ReadonlyMap<string, File>

const kinds: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
}

/** The same place from this file and from where a build of it lies: `dist` is as deep as `src`. */
const home = fileURLToPath(new URL('../', import.meta.url))

/** The page's files, by path. In a checkout they are built when they are missing or older than their sources, in a process of its own. */
export async function pageFiles(): Promise<Files> {
  const builder = join(home, 'build.mjs')
  const directory = existsSync(builder)
    ? (
        await promisify(execFile)(process.execPath, [builder], { env: { ...process.env, NODE_ENV: 'production' } })
      ).stdout.trim()
    : join(home, 'dist', 'page')
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(
    paths.map(async (path) => [path.slice(directory.length).replaceAll('\\', '/'), await fileOf(path)] as const),
  )
  return new Map(files)
}

async function fileOf(path: string): Promise<File> {
  const bytes = await readFile(path)
  return {
    bytes,
    gzipped: await promisify(gzip)(bytes, { level: 9 }),
    type: kinds[path.split('.').at(-1)!] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
  }
}
