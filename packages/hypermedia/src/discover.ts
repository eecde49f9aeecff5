import { parseTemplate } from 'url-template'
import { failure } from './failure.ts'

export interface DiscoverOptions {
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  readonly token?: string
  /** Documents to read at most; default 1,000. Feeds have a next page for ever. */
  readonly limit?: number
  /** Values for variables of templates by name, so that the documents behind them are read too. */
  readonly variables?: Readonly<Record<string, string>>
}

export interface DeadLink {
  readonly from: string
  readonly relation: string
  readonly href: string
  readonly why: string
}

export interface Discovered {
  /** URLs of all documents that were read. */
  readonly documents: readonly string[]
  readonly dead: readonly DeadLink[]
  /** Templates that could not be filled in, and actions; both are known, not followed. */
  readonly templates: readonly string[]
  readonly actions: readonly string[]
  /** False when the limit ended the walk. */
  readonly complete: boolean
}

interface Step {
  readonly from: string
  readonly relation: string
  readonly url: string
  /** The template this was made of, when some of its variables were left out. */
  readonly template?: string
}

/**
 * Walks everything that can be reached from an entry URL by links, acts on nothing.
 * Links to other origins than the entry's and those of the services it lists are not followed.
 */
export async function discover(entryUrl: string, options: DiscoverOptions = {}): Promise<Discovered> {
  const { limit = 1000, variables = {} } = options
  const origins = new Set([new URL(entryUrl).origin])
  const seen = new Set<string>([entryUrl])
  const steps: Step[] = [{ from: '', relation: 'entry', url: entryUrl }]
  const found = { documents: [] as string[], dead: [] as DeadLink[] }
  const [templates, actions] = [new Set<string>(), new Set<string>()]
  while (steps.length > 0 && found.documents.length < limit) {
    const step = steps.shift()!
    const read = await readStep(step, options)
    if ('why' in read) {
      // It asks for variables that were left out: it leads somewhere, though not without them.
      if (step.template !== undefined && /^4(00|22)\b/.test(read.why)) templates.add(step.template)
      else found.dead.push({ from: step.from, relation: step.relation, href: step.url, why: read.why })
      continue
    }
    found.documents.push(step.url)
    for (const action of actionsOf(read.body, step.url)) actions.add(action)
    for (const next of linksOf(read.body, step.url, variables)) {
      if (step.url === entryUrl && next.relation === 'service') origins.add(new URL(next.url).origin)
      if (next.open) templates.add(next.url)
      else if (origins.has(new URL(next.url).origin) && !seen.has(next.url)) {
        seen.add(next.url)
        steps.push(next)
      }
    }
  }
  return { ...found, templates: [...templates], actions: [...actions], complete: steps.length === 0 }
}

const actionsOf = (body: any, at: string): string[] =>
  Object.values<any>(body._templates ?? {}).map(({ target }) => new URL(target ?? '', at).pathname)

/**
 * Fails (`HW_DEAD_LINKS`, with the list) when a link that can be reached from the entry leads nowhere, or a document does not link home.
 */
export async function assertDiscoverable(entryUrl: string, options: DiscoverOptions = {}): Promise<Discovered> {
  const discovered = await discover(entryUrl, options)
  if (discovered.dead.length === 0) return discovered
  const list = discovered.dead.map(
    ({ from, relation, href, why }) => `  ${relation} of ${from || 'the start'} → ${href}: ${why}`,
  )
  throw failure(
    'HW_DEAD_LINKS',
    `Expected every link to lead somewhere, got ${list.length} that do not:\n${list.join('\n')}`,
    {
      dead: discovered.dead,
    },
  )
}

async function readStep(
  step: Step,
  { fetch: ask = fetch, token }: DiscoverOptions,
): Promise<{ body: any } | { why: string }> {
  const headers: Record<string, string> = {
    accept: 'application/prs.hal-forms+json,application/hal+json;q=.9,application/json;q=.8,*/*;q=.1',
  }
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  const answer = await ask(step.url, { headers }).catch((error: unknown) => String(error))
  if (typeof answer === 'string') return { why: answer }
  if (!answer.ok) {
    const { code } = (await answer.json().catch(() => ({}))) as { code?: string }
    return { why: [answer.status, code].filter(Boolean).join(' ') }
  }
  if (!/[/+]json\b/.test(answer.headers.get('content-type') ?? '')) {
    await answer.body?.cancel()
    return { body: {} }
  }
  const body: any = await answer.json().catch(() => undefined)
  if (typeof body !== 'object' || body === null) return { why: 'no JSON, though it says so' }
  const isHal = body._links !== undefined
  return isHal && step.relation !== 'entry' && body._links.home === undefined ? { why: 'does not link home' } : { body }
}

function linksOf(body: any, at: string, variables: Readonly<Record<string, string>>): (Step & { open?: boolean })[] {
  const own = Object.entries<any>(body._links ?? {}).flatMap(([relation, links]) =>
    [links].flat().map((link) => ({ relation, link })),
  )
  const inside = Object.values<any>(body._embedded ?? {})
    .flat()
    .flatMap((item) => linksOf(item, at, variables))
  return [
    ...own.map(({ relation, link }): Step & { open?: boolean } => {
      if (link.templated !== true) return { from: at, relation, url: new URL(link.href, at).href }
      const names = [...String(link.href).matchAll(/\{([?&+#./;]?)([^}]*)\}/g)]
      const lacking = names.filter(([, , list]) => list!.split(',').some((name) => variables[name] === undefined))
      // Variables of a query may be left out; those of a path may not.
      if (lacking.some(([, operator]) => operator !== '?' && operator !== '&')) {
        return { from: at, relation, url: link.href, open: true }
      }
      const url = new URL(parseTemplate(link.href).expand(variables), at).href
      return { from: at, relation, url, ...(lacking.length > 0 && { template: link.href }) }
    }),
    ...inside,
  ]
}
