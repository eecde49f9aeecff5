import { formsOf, holds, type Document } from './document.ts'
import type { HalLink } from './linker.ts'
import type { Caller } from './resource.ts'
import type { Site } from './site.ts'

/** Where every walk through a service begins: all its resources as (templated) links, what the host adds, and forms that create. */
export function homeOf(site: Site, caller: Caller | undefined): Document {
  const links: Record<string, HalLink> = {
    self: { href: `${site.base}/` },
    home: { href: `${site.base}/` },
    ...(site.entry !== undefined && { entry: { href: site.entry } }),
    'service-desc': { href: `${site.base}/openapi.json`, type: 'application/openapi+json' },
    'service-doc': { href: `${site.base}/rels` },
  }
  for (const { resource, template } of site.resources.values()) {
    links[resource.name] = {
      href: site.base + template.text,
      ...(template.text.includes('{') && { templated: true as const }),
      ...(resource.title !== undefined && { title: resource.title }),
    }
  }
  for (const [relation, { href, scope, templated, title, type }] of Object.entries(site.links)) {
    if (scope !== undefined && !holds(caller, scope)) continue
    links[relation] = {
      href: href.startsWith('/') ? site.base + href : href,
      ...(templated === true && { templated }),
      ...(title !== undefined && { title }),
      ...(type !== undefined && { type }),
    }
  }
  return {
    service: site.service,
    title: site.title,
    version: site.version,
    _links: links,
    ...formsOf(site, site.creating, { variables: {}, ...(caller !== undefined && { caller }) }),
  }
}
