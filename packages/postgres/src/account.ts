import { chown, lstat, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PostgresFailed } from './failure.ts'

/** The operating-system account Postgres runs under. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Undefined means our own account; root borrows `nobody`, since Postgres refuses to run as root. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('nobody:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

/** Whether another account may walk down to this path. */
export async function isReachable(path: string): Promise<boolean> {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined)
    if (found !== undefined && (found.mode & 0o001) === 0) return false
  }
  return true
}

/** Makes a folder that only `account` (or we) may enter. */
export async function makePrivate(folder: string, account: Account | undefined): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (account !== undefined) await chown(folder, account.uid, account.gid)
}

/**
 * Anybody may make a folder where everybody may write, under a name that can be guessed.
 * @throws PostgresFailed when somebody else could have put something into it
 */
export async function requireOurs(folder: string, account: Account | undefined): Promise<void> {
  if (process.getuid === undefined) return
  const found = await lstat(folder)
  const owners = [process.getuid(), account?.uid]
  if (found.isDirectory() && owners.includes(found.uid) && (found.mode & 0o022) === 0) return
  throw new PostgresFailed(
    `Expected ${folder} to be a folder that nobody else can write to, found one of user ${found.uid}, mode ${(found.mode & 0o7777).toString(8)}. Find out who made it; then remove it, or give another directory.`,
  )
}
