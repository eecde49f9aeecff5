import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { consoleLink, openConsole } from '@headwater/console'
import { type Landscape, listen } from '@headwater/service/landscape'

/** What whoever opens the console may see and do there. Personal data stays sealed. */
const scopes = ['events:read', 'explore', 'operate', 'experiments:read', 'experiments:decide']

/** The console of a landscape, served on this machine alone. */
export interface ServedConsole {
  /** A link that opens it once. */
  link(): string
  stop(): Promise<void>
}

interface Noted {
  readonly origin: string
  readonly secret: string
}

const noteOf = (directory: string) => join(directory, 'console.json')

/** Serves the console on a port of its own beside the landscape's, so that no page of a service is of its origin. */
export async function serveConsole(
  landscape: Landscape,
  { directory, name }: { readonly directory: string; readonly name: string },
): Promise<ServedConsole> {
  const secret = (await noted(directory))?.secret ?? randomBytes(32).toString('base64url')
  let origin = ''
  const { handle, link } = openConsole({
    entry: landscape.url,
    name,
    fetch: landscape.fetchAs('operator', scopes),
    origin: () => origin,
    secret,
  })
  const listening = await listen(handle, { port: landscape.listening.port + 1, host: '127.0.0.1' })
  origin = listening.origin
  await writeFile(noteOf(directory), JSON.stringify({ origin, secret } satisfies Noted), { mode: 0o600 })
  return {
    link,
    async stop() {
      await listening.close(200)
      await writeFile(noteOf(directory), JSON.stringify({ origin: '', secret } satisfies Noted), { mode: 0o600 })
    },
  }
}

/** A link that opens the console of the landscape in a directory once; undefined where none is served. */
export async function linkToConsole(directory: string): Promise<string | undefined> {
  const note = await noted(directory)
  if (note === undefined || note.origin === '') return undefined
  return consoleLink(note.origin, { secret: note.secret, now: Date.now })
}

async function noted(directory: string): Promise<Noted | undefined> {
  const text = await readFile(noteOf(directory), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as Noted)
}
