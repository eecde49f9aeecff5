import { randomBytes } from 'node:crypto'
import { html, htmlResponse, problem } from '@headwater/hypermedia'
import { foreign } from './door.ts'
import { type File, type Files, pageFiles } from './files.ts'
import { pass, passed } from './passing.ts'
import { consoleLink, sessions } from './sessions.ts'
import { tail } from './tail.ts'

export interface ConsoleOptions {
  /** Entry URL of the landscape. */
  readonly entry: string
  /** What people call the landscape. */
  readonly name: string
  /** Asks the landscape in the operator's name. */
  readonly fetch: typeof fetch
  /** The console's own origin, once it listens: `http://127.0.0.1:4001`. */
  readonly origin: () => string
  /** Of services elsewhere that may be asked too. */
  readonly elsewhere?: readonly string[]
  /** Whoever knows it can open the console: `consoleLink`. */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly now?: () => number
  readonly files?: () => Promise<Files>
}

export interface Console {
  handle(request: Request): Promise<Response>
  /** Opens the console once. */
  link(): string
}

/** All of the page comes from here, and it can be shown nowhere else. The nonce is for one style that React Aria makes itself. */
const policy = (nonce?: string): string =>
  [
    "default-src 'none'",
    ...['script', 'img', 'font', 'connect'].map((kind) => `${kind}-src 'self'`),
    `style-src 'self'${nonce === undefined ? '' : ` 'nonce-${nonce}'`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')

const strict = {
  'content-security-policy': policy(),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}

/**
 * The console over HTTP, for one landscape: the page, its session, and the way to the landscape in the operator's name.
 * Listen with it on this machine alone: whoever gets in may do what the operator may.
 */
export function openConsole(options: ConsoleOptions): Console {
  const { entry, fetch, origin, secret, now = Date.now } = options
  const known = sessions({ secret, now })
  const origins = [new URL(entry).origin, ...(options.elsewhere ?? [])]
  let made = (options.files ?? pageFiles)()
  made.catch(() => undefined) // said to whoever asks
  const files = async () => {
    try {
      return await made
    } catch {
      return await (made = (options.files ?? pageFiles)())
    }
  }
  const answer = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    const cookie = cookieName(origin())
    const token = searchParams.get('token')
    if (token !== null && request.method === 'GET') return enterBy(known.exchange(token), cookie)
    const inside = known.holds(cookieOf(request, cookie) ?? '')
    if (pathname.startsWith(passed)) return inside ? await pass(request, { fetch, origins }) : outside()
    if (pathname === '/tail') return inside ? tail(request, { entry, fetch }) : outside()
    if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405, { code: 'HW_METHOD_NOT_ALLOWED' })
    const file = (await files()).get(pathname)
    if (file !== undefined && pathname !== index) return fileResponse(request, file)
    return inside ? page((await files()).get(index)!, options) : askedOutside()
  }
  return {
    link: () => consoleLink(origin(), { secret, now }),
    async handle(request) {
      try {
        return foreign(request, origin()) ?? (await answer(request))
      } catch (error) {
        return problem(500, {
          code: 'HW_INTERNAL',
          detail: `The console could not answer: ${(error as Error).message}`,
        })
      }
    },
  }
}

const index = '/index.html'

/** Cookies know no ports: two consoles of one machine must not take each other's. */
const cookieName = (origin: string): string => `headwater-console-${new URL(origin).port}`

function cookieOf(request: Request, name: string): string | undefined {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('='))
  return pairs.find(([key]) => key === name)?.[1]
}

function enterBy(session: string | undefined, cookie: string): Response {
  if (session === undefined) return askedOutside('That link was used already, or is of another time.')
  const set = `${cookie}=${session}; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800`
  return new Response(null, {
    status: 303,
    headers: { ...strict, location: '/', 'set-cookie': set, 'cache-control': 'no-store' },
  })
}

const outside = (): Response =>
  problem(401, {
    code: 'HW_NO_SESSION',
    title: 'Nobody is known by this session',
    detail: 'Expected the cookie of a session, got none that holds. Run `headwater open` for a new link.',
  })

function askedOutside(why = 'This browser has no session here.'): Response {
  const body = html`<h1>Headwater console</h1>
    <p>${why}</p>
    <p>Run <code>headwater open</code> in the landscape’s folder: it opens the console by a link that works once.</p>`
  return htmlResponse(401, 'Headwater console', body, { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
}

function fileResponse(request: Request, file: File): Response {
  const headers: Record<string, string> = {
    ...strict,
    'content-type': file.type,
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': 'public, max-age=31536000, immutable',
  }
  if (request.headers.get('if-none-match') === file.etag) return new Response(null, { status: 304, headers })
  const small = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '') && file.gzipped.length < file.bytes.length
  if (small) headers['content-encoding'] = 'gzip'
  return new Response(new Uint8Array(small ? file.gzipped : file.bytes), { headers })
}

function page({ bytes }: File, { entry, name }: ConsoleOptions): Response {
  const text = Buffer.from(bytes).toString('utf8')
  const nonce = randomBytes(16).toString('base64')
  const said = { ENTRY: entry, NAME: name, NONCE: nonce }
  const body = text.replaceAll(/%(ENTRY|NAME|NONCE)%/g, (_, key: keyof typeof said) => escaped(said[key]))
  const headers = { ...strict, 'content-security-policy': policy(nonce), 'cache-control': 'no-store' }
  return new Response(body, { headers: { ...headers, 'content-type': 'text/html; charset=utf-8' } })
}

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
