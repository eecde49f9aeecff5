import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { problem, type Route } from '@headwater/service'
import { build } from 'esbuild'

/** The same place from this file and from where a bundle of it lies: `.headwater/build` is as deep as `src/phone`. */
const source = (name: string) => fileURLToPath(new URL(`../../src/phone/app/${name}`, import.meta.url))

/** Everything the app is, and nothing else is let in. */
const policy = [
  "default-src 'none'",
  ...['script', 'style', 'img', 'connect', 'manifest', 'worker'].map((kind) => `${kind}-src 'self'`),
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const kinds: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webmanifest: 'application/manifest+json',
}

const asTheyAre = ['index.html', 'style.css', 'manifest.webmanifest', 'icon.svg', 'icon-180.png', 'icon-512.png']

type Files = ReadonlyMap<string, Uint8Array>

let made: Promise<Files> | undefined

/** `GET /phone/app/`: the files of the web app. Made on first use; in development again with each look at the page, so that a saved file shows. */
export const app: Route = async (request) => {
  const { pathname } = new URL(request.url)
  if (pathname === '/phone/app') return new Response(null, { status: 308, headers: { location: '/phone/app/' } })
  const name = pathname.slice('/phone/app/'.length) || 'index.html'
  if (name === 'index.html' && process.env['NODE_ENV'] !== 'production') made = undefined
  const bytes = (await (made ??= make())).get(name)
  if (bytes === undefined)
    return problem(404, { code: 'HW_NOT_FOUND', detail: `The app has no file ${name.slice(0, 100)}.` })
  const etag = `"${hashOf(bytes)}"`
  const headers = {
    'content-type': kinds[name.split('.').at(-1)!]!,
    'cache-control': 'no-cache',
    'content-security-policy': policy,
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    etag,
  }
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  return new Response(new Uint8Array(bytes), { headers })
}

async function make(): Promise<Files> {
  const files = new Map<string, Uint8Array>()
  await Promise.all(asTheyAre.map(async (name) => files.set(name, await readFile(source(name)))))
  files.set('app.js', await bundle('main.ts', {}))
  // The worker keeps one edition of the app; it is another worker as soon as anything of the app is another.
  const edition = hashOf(...[...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes))
  return files.set('worker.js', await bundle('worker.ts', { EDITION: edition, FILES: [...files.keys()] }))
}

async function bundle(entry: string, defined: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [source(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['source'],
    define: Object.fromEntries(Object.entries(defined).map(([name, value]) => [name, JSON.stringify(value)])),
  })
  return outputFiles[0]!.contents
}

function hashOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('base64url').slice(0, 22)
}
