import { parseTemplate } from 'url-template'
import { failure } from './failure.ts'
import type { Link, Value } from './link.ts'
import { encode } from './path-template.ts'
import type { Site } from './site.ts'

export interface HalLink {
  readonly href: string
  readonly title?: string
  readonly templated?: true
  readonly type?: string
  readonly name?: string
}

/**
 * Makes URLs of links. Within the service from the declared paths; to other services from the URI template the host finds.
 * While another service cannot be found the link goes through `/follow/…`, which looks again when it is followed: no link is ever lacking.
 */
export interface Linker {
  href(link: Link): string
  /** The URL of another service's resource, looked up now; undefined when it cannot be found. */
  expanded(relation: string, variables: Readonly<Record<string, Value>>): Promise<string | undefined>
  /** Waits for look-ups that `href` began; true when there were some, so that a document is worth rendering again. */
  settle(): Promise<boolean>
}

export function linkerOf(
  site: Site,
  resolve: (relation: string) => string | undefined | Promise<string | undefined>,
): Linker {
  const found = new Map<string, string>()
  const parsed = new Map<string, ReturnType<typeof parseTemplate>>()
  const pending = new Map<string, Promise<unknown>>()

  const expand = (template: string, variables: Readonly<Record<string, Value>>): string => {
    let ready = parsed.get(template)
    if (ready === undefined) parsed.set(template, (ready = parseTemplate(template)))
    return ready.expand(variables as Record<string, string | number>)
  }
  const lookUp = async (relation: string): Promise<string | undefined> => {
    const template = await resolve(relation)
    if (template === undefined) found.delete(relation)
    else found.set(relation, template)
    return template
  }
  const known = (relation: string): string | undefined => {
    const template = resolve(relation)
    if (!(template instanceof Promise)) return template
    const noted = template.then((one) => (one === undefined ? found.delete(relation) : found.set(relation, one)))
    // A look-up that fails leaves what was found before; following the link looks again.
    pending.set(
      relation,
      noted.catch(() => undefined).finally(() => pending.delete(relation)),
    )
    return found.get(relation)
  }
  return {
    href({ target, variables }) {
      if (!target.includes(':')) return ownHref(site, target, variables)
      const template = known(target)
      return template === undefined ? followHref(site, target, variables) : expand(template, variables)
    },
    async expanded(relation, variables) {
      const template = await lookUp(relation)
      return template === undefined ? undefined : expand(template, variables)
    },
    async settle() {
      if (pending.size === 0) return false
      await Promise.all(pending.values())
      return true
    },
  }
}

function ownHref(site: Site, target: string, variables: Readonly<Record<string, Value>>): string {
  const to = site.resources.get(target)
  if (to !== undefined) return site.base + to.template.expand(variables)
  throw failure(
    'HW_NO_SUCH_RESOURCE',
    `Expected a link to one of ${[...site.resources.keys()].join(', ')}, got ${target}. Another service's resource is named service:resource.`,
  )
}

export function followHref(site: Site, relation: string, variables: Readonly<Record<string, Value>>): string {
  const query = Object.entries(variables).map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
  return `${site.base}/follow/${relation}${query.length > 0 ? `?${query.join('&')}` : ''}`
}
