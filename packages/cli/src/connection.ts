import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openIssuer } from '@headwater/service/landscape'
import { Ended, exitCode, type Invocation } from './command.ts'

/** A running landscape, as a command reaches it. */
export interface Connection {
  /** Ends with `/`. */
  readonly url: string
  /** With the token; a path is resolved against the entry URL. Ends the command when nobody answers. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The same for JSON; ends the command with what the problem document says. */
  json<T = any>(path: string, init?: RequestInit): Promise<T>
}

/** Scopes of the person at the terminal of a development machine: everything. */
const operatorScopes = ['events:read', 'explore', 'personal:read', 'operate', 'experiments:read', 'experiments:decide']

/** Finds the landscape: `--url`, then HEADWATER_URL, then the `.headwater/` of this folder or one above. */
export async function connect(invocation: Invocation, scopes: readonly string[] = []): Promise<Connection> {
  const { env, cwd, signal } = invocation
  const directory = await homeOf(cwd)
  const url = await landscapeUrl(invocation)
  if (url === undefined) {
    throw new Ended(
      exitCode.environment,
      'Expected a running landscape, found none here. Start one with `headwater dev`, or name its entry with --url.',
    )
  }
  const base = url.endsWith('/') ? url : `${url}/`
  if (!URL.canParse(base))
    throw new Ended(exitCode.usage, `Expected the entry URL of a landscape, like http://127.0.0.1:4000/, got "${url}".`)
  const { origin } = new URL(base)
  // Whoever gets a token of the development issuer can do everything with it: only the landscape that will check it does.
  const local = directory === undefined ? undefined : await urlIn(directory)
  const issuing = local !== undefined && new URL(local).origin === origin ? directory : undefined
  const held = new Set([...operatorScopes, ...scopes])
  const who = typeof invocation.options.as === 'string' ? invocation.options.as : 'operator'
  let token = await tokenFor(env, issuing, held, who)
  let elsewhere: Promise<ReadonlySet<string>> | undefined
  /** Of the landscape: at its entry, or where its entry document says that a service is. */
  const isOurs = async (target: URL): Promise<boolean> =>
    target.origin === origin || (await (elsewhere ??= originsOf(await once(base, {})))).has(target.origin)
  const once = async (path: string, init: RequestInit): Promise<Response> => {
    const target = new URL(path, base)
    const headers = new Headers(init.headers)
    if (token !== undefined && (await isOurs(target))) headers.set('authorization', `Bearer ${token}`)
    if (!headers.has('accept')) headers.set('accept', 'application/json')
    try {
      // A signal of its own for each request: thousands of listeners on one would pile up.
      return await fetch(target, { signal: AbortSignal.any([signal]), ...init, headers })
    } catch (error) {
      if (signal.aborted) throw error
      throw new Ended(
        exitCode.environment,
        `Expected a landscape at ${target.origin}/, nobody answers. Is it running? Start it with \`headwater dev\`.`,
      )
    }
  }
  // Whoever holds the development issuer's key has every right there is; which one is needed, the refusal says.
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await once(path, init)
    if (answer.status === 401 && token === undefined && local !== undefined)
      invocation.output.say(`No token was sent: those of this folder are for ${local} alone. Set HEADWATER_TOKEN.`)
    const lacking = answer.status === 403 ? await scopeLacking(answer.clone()) : undefined
    if (lacking === undefined || held.has(lacking) || issuing === undefined) return answer
    const before = token
    token = await tokenFor(env, issuing, held.add(lacking), who)
    return token === before ? answer : await once(path, init)
  }
  return {
    url: base,
    fetch: ask,
    async json(path, init) {
      const answer = await ask(path, init)
      if (answer.ok) return (await answer.json()) as any
      throw await ended(answer)
    },
  }
}

/** Entry URL of the landscape that is meant, whether it runs or not. */
export async function landscapeUrl({ env, options, cwd }: Invocation): Promise<string | undefined> {
  if (typeof options.url === 'string') return options.url
  if (env.HEADWATER_URL !== undefined) return env.HEADWATER_URL
  const directory = await homeOf(cwd)
  return directory === undefined ? undefined : await urlIn(directory)
}

/** A problem document as the end of a command. */
export async function ended(answer: Response): Promise<Ended> {
  const text = await answer.text()
  let sentence = `${answer.status} ${answer.statusText}`
  try {
    const problem = JSON.parse(text) as { title?: string; detail?: string; code?: string }
    sentence = [problem.code, problem.title, problem.detail].filter((part) => part !== undefined).join(': ')
  } catch {
    if (text !== '') sentence += `: ${text.slice(0, 200)}`
  }
  return new Ended(answer.status === 404 ? exitCode.missing : exitCode.failed, sentence)
}

/** The `.headwater/` of a folder, or of the nearest one above. */
export async function homeOf(folder: string): Promise<string | undefined> {
  const candidate = join(folder, '.headwater')
  if ((await urlIn(candidate)) !== undefined) return candidate
  const above = dirname(folder)
  return above === folder ? undefined : homeOf(above)
}

async function urlIn(directory: string): Promise<string | undefined> {
  return (await noteIn(directory))?.url
}

/** What the landscape of a directory said of itself when it started. `identity`: the issuer of people's tokens, where that is a provider. */
async function noteIn(directory: string): Promise<{ readonly url: string; readonly identity?: string } | undefined> {
  const text = await readFile(join(directory, 'landscape.json'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/** Ends the command where people's tokens come from an identity provider: none is made here then, not even by whoever could. */
export async function requireDevelopment(directory: string): Promise<void> {
  const identity = (await noteIn(directory))?.identity
  if (identity === undefined) return
  throw new Ended(
    exitCode.environment,
    `Expected a token of ${identity} in HEADWATER_TOKEN, or in a file that HEADWATER_TOKEN_FILE names, found none. This landscape makes none for people.`,
  )
}

async function originsOf(entry: Response): Promise<ReadonlySet<string>> {
  const { _links: links } = (await entry.json().catch(() => ({}))) as { _links?: { service?: { href: string }[] } }
  return new Set([links?.service ?? []].flat().map(({ href }) => new URL(href, entry.url).origin))
}

async function scopeLacking(answer: Response): Promise<string | undefined> {
  const { scope } = (await answer.json().catch(() => ({}))) as { scope?: unknown }
  return typeof scope === 'string' ? scope : undefined
}

async function tokenFor(
  env: Invocation['env'],
  directory: string | undefined,
  scopes: ReadonlySet<string>,
  subject: string,
): Promise<string | undefined> {
  if (env.HEADWATER_TOKEN !== undefined) return env.HEADWATER_TOKEN
  if (env.HEADWATER_TOKEN_FILE !== undefined) return (await readFile(env.HEADWATER_TOKEN_FILE, 'utf8')).trim()
  if (directory === undefined) return undefined
  await requireDevelopment(directory)
  return (await openIssuer(directory)).sign({ subject, scopes: [...scopes] }, 3_600)
}
