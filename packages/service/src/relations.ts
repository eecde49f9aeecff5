import type { Running } from './running.ts'

/** Finds the URI template of a resource of any service, here or elsewhere: `customers:customer`. */
export interface Relations {
  resolve(from: string, relation: string): string | undefined | Promise<string | undefined>
  /** Relations that each service's documents have asked for, and that led somewhere. */
  readonly seen: ReadonlyMap<string, ReadonlySet<string>>
}

export function relations(
  running: ReadonlyMap<string, Running>,
  elsewhere: Readonly<Record<string, string>>,
  ask: () => typeof fetch,
): Relations {
  const seen = new Map<string, Set<string>>()
  const homes = new Map<string, Promise<Record<string, { href: string }>>>()
  const linksOf = (home: string) => {
    const known = homes.get(home) ?? homeLinks(home, ask())
    homes.set(home, known)
    // A service that was away is asked again the next time.
    known.catch(() => homes.delete(home))
    return known
  }
  /** Only what leads somewhere: whoever likes may ask for any other, and as many as he likes. */
  const noted = (from: string, relation: string, template: string | undefined): string | undefined => {
    if (template !== undefined) seen.set(from, (seen.get(from) ?? new Set()).add(relation))
    return template
  }
  return {
    seen,
    resolve(from, relation) {
      const [, service = '', name = ''] = /^([^:]+):(.+)$/.exec(relation) ?? []
      const here = running.get(service)
      if (here !== undefined) {
        const path = here.service.resources.find((resource) => resource.name === name)?.path
        return noted(from, relation, path === undefined ? undefined : `/${service}${path}`)
      }
      if (!Object.hasOwn(elsewhere, service)) return undefined
      const home = elsewhere[service]!
      return linksOf(home).then(
        (links) => noted(from, relation, Object.hasOwn(links, name) ? absolute(links[name]!.href, home) : undefined),
        () => undefined,
      )
    },
  }
}

async function homeLinks(home: string, ask: typeof fetch): Promise<Record<string, { href: string }>> {
  const answer = await ask(home, { headers: { accept: 'application/hal+json' } })
  if (!answer.ok) throw new Error(`Expected the home of a service at ${home}, got ${answer.status}.`)
  return ((await answer.json()) as { _links: Record<string, { href: string }> })._links
}

/** Braces of a template are no part of a URL, so it is joined as text. */
function absolute(href: string, home: string): string {
  return href.startsWith('/') ? new URL(home).origin + href : href
}
