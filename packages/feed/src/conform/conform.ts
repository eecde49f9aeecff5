import type { Fetch } from '../reader/discover.ts'
import type { ViewName } from '../view.ts'
import { cases, type Requirement } from './cases.ts'
import { single } from './single.ts'
import { visit } from './visit.ts'
import { walks } from './walks.ts'

export interface ConformOptions {
  /** Name of the service; needed where the URL is a landscape's entry with several. */
  readonly service?: string
  /** Default `published`. */
  readonly view?: ViewName
  /** Bearer token. */
  readonly token?: string
  readonly fetch?: Fetch
}

export interface ConformResult {
  readonly name: string
  readonly level: Requirement
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was otherwise, or why it was not tried. */
  readonly detail?: string
}

export interface ConformReport {
  readonly feed: string
  /** Nothing that a feed MUST do failed. */
  readonly conforms: boolean
  readonly results: readonly ConformResult[]
}

/**
 * Tries every rule of spec/feed.md that can be tried on a feed one knows nothing of. It only reads. The feed is found from the URL as by
 * any reader; throws when it cannot be found at all.
 */
export async function conform(url: string, options: ConformOptions = {}): Promise<ConformReport> {
  const { service, view = 'published', token } = options
  const send = options.fetch ?? ((input, init) => fetch(input, init))
  const authorized: Fetch = (input, init) =>
    send(
      input,
      token === undefined
        ? init
        : { ...init, headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${token}` } },
    )
  const visited = await visit(url, { ...(service === undefined ? {} : { service }), view, fetch: authorized })
  const results: ConformResult[] = []
  for (const one of cases) {
    const skipped = one.view !== undefined && one.view !== view ? `only for the ${one.view} view` : undefined
    const empty = one.needs === 'events' && visited.first.to === 0 ? 'the log is empty' : undefined
    results.push(await tried(one.name, one.level ?? 'must', skipped ?? empty, () => single(visited, one)))
  }
  for (const walk of walks) results.push(await tried(walk.name, walk.level, undefined, () => walk.try(visited)))
  const conforms = !results.some(({ level, outcome }) => level === 'must' && outcome === 'failed')
  return { feed: visited.feedUrl, conforms, results }
}

async function tried(
  name: string,
  level: Requirement,
  skipped: string | undefined,
  work: () => Promise<string | void>,
): Promise<ConformResult> {
  if (skipped !== undefined) return { name, level, outcome: 'skipped', detail: skipped }
  try {
    const why = await work()
    return why === undefined ? { name, level, outcome: 'passed' } : { name, level, outcome: 'skipped', detail: why }
  } catch (error) {
    return { name, level, outcome: 'failed', detail: (error as Error).message }
  }
}
