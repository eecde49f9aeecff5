import { commonLinks, type Document } from './document.ts'
import { trouble, type Trouble } from './problem.ts'
import type { Action } from './resource.ts'
import { jsonSchemaOf } from './schema.ts'
import type { Site, SiteResource } from './site.ts'

/** All relations a service uses, each with a link to what it means. */
export function relationsOf(site: Site): Document {
  const relation = [...names(site)].map((name) => ({ href: `${site.base}/rels/${name}`, title: name }))
  return { service: site.service, _links: { self: { href: `${site.base}/rels` }, ...commonLinks(site), relation } }
}

/** What a relation means: the resource of that name, and which documents carry it. */
export function relationOf(site: Site, name: string): Document | Trouble {
  const on = site.resources.get(name)
  const usedBy = [...site.resources.values()].filter(
    ({ resource }) => Object.hasOwn(resource.links, name) || Object.hasOwn(resource.optionalLinks, name),
  )
  const host = Object.hasOwn(site.links, name) ? site.links[name] : undefined
  if (on === undefined && usedBy.length === 0 && host === undefined) {
    const known = [...names(site)].join(', ')
    return trouble(404, { code: 'HW_NO_SUCH_RELATION', detail: `Expected one of ${known}, got ${name.slice(0, 100)}.` })
  }
  return {
    relation: name,
    ...(host?.title !== undefined && { title: host.title }),
    ...(on !== undefined && describe(site, on)),
    usedBy: usedBy.map(({ resource }) => resource.name),
    _links: {
      self: { href: `${site.base}/rels/${name}` },
      ...commonLinks(site),
      up: { href: `${site.base}/rels` },
      ...(on !== undefined && { target: { href: site.base + on.template.text, ...templated(on) } }),
    },
  }
}

function names(site: Site): Set<string> {
  const all = [...site.resources.values()].flatMap(({ resource }) => [
    resource.name,
    ...Object.keys(resource.links),
    ...Object.keys(resource.optionalLinks),
  ])
  return new Set([...all, ...Object.keys(site.links)])
}

const templated = (on: SiteResource) => (on.template.text.includes('{') ? { templated: true as const } : {})

function describe(site: Site, on: SiteResource): object {
  const { resource } = on
  return {
    ...(resource.title !== undefined && { title: resource.title }),
    ...(resource.description !== undefined && { description: resource.description }),
    path: site.base + on.template.text,
    scope: on.readScope ?? 'anyone',
    ...(resource.state !== undefined &&
      resource.show === undefined && { state: jsonSchemaOf(resource.state, 'output') }),
    links: Object.keys(resource.links),
    optionalLinks: Object.keys(resource.optionalLinks),
    actions: Object.fromEntries(
      Object.entries<Action>(resource.actions).map(([name, action]) => [name, describeAction(action)]),
    ),
  }
}

const describeAction = ({ input, when, scope, title, description, create, ifMatch, deprecated }: Action): object => ({
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description }),
  scope,
  always: when === undefined,
  ...(create !== undefined && { create }),
  ...(ifMatch !== undefined && { ifMatch }),
  ...(deprecated !== undefined && { deprecated }),
  ...(input !== undefined && { input: jsonSchemaOf(input, 'input') }),
})
