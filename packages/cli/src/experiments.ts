import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { Ended, exitCode, type Invocation } from './command.ts'
import { homeOf } from './connection.ts'

/** An experiment as the list of them has it. */
export interface Summary {
  readonly name: string
  readonly phase: string
  readonly service: string
  readonly hypothesis: string
  readonly due?: string
  /** People have to decide now. */
  readonly overdue: boolean
  readonly question?: string
  readonly override?: {
    readonly verdict: string
    readonly variant: string
    readonly reason: string
    readonly by: string
  }
}

/** An experiment as its service keeps it. */
export interface Kept extends Summary {
  /** Day until which people gave it one more period. */
  readonly until?: string
  readonly declaration?: {
    readonly unit: string
    readonly control: string
    readonly variants: Readonly<Record<string, number>>
    readonly primary?: {
      readonly measure?: { readonly of: string; readonly field?: string; readonly events: { readonly type: string } }
    }
  }
  readonly decision?: {
    readonly verdict: string
    readonly variant: string
    readonly by: string
    readonly agreedBy?: string
  }
}

/** Where experiments are kept: the list, one of them, what is said of one. */
export const pathOf = (name?: string, rest = ''): string =>
  name === undefined ? '/experiments/experiments' : `/experiments/experiments/${encodeURIComponent(name)}${rest}`

export function posted(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** The folder of the landscape that one is in. Ends the command where there is none. */
export async function landscapeOf({ cwd }: Invocation): Promise<string> {
  const home = await homeOf(cwd)
  if (home === undefined)
    throw new Ended(
      exitCode.environment,
      'Expected to be in the folder of a landscape, found no .headwater/ here or above.',
    )
  return dirname(home)
}

/** The landscape's own code. */
export async function sourcesOf(landscape: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(join(landscape, 'src'), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  return await Promise.all(
    paths.map(async (path) => ({ path: relative(landscape, path), text: await readFile(path, 'utf8') })),
  )
}
