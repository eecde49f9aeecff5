import type { Field } from './form.ts'
import type { Link } from './link.ts'
import type { HalLink, Linker } from './linker.ts'
import type { Caller, LinkRule, OptionalLinkRule, Place } from './resource.ts'
import type { Site, SiteAction, SiteResource } from './site.ts'

/** A HAL-FORMS template. `ifMatch` says that the action wants to know which version was seen. */
export interface HalForm {
  readonly title?: string
  readonly method: 'POST'
  readonly target: string
  readonly contentType: 'application/json'
  readonly properties: readonly Field[]
  readonly ifMatch?: true
}

/** State as plain JSON at top level, links and forms added. */
export interface Document {
  readonly _links: Readonly<Record<string, HalLink | readonly HalLink[]>>
  readonly _embedded?: Readonly<Record<string, readonly object[]>>
  readonly _templates?: Readonly<Record<string, HalForm>>
  readonly [field: string]: unknown
}

export function documentOf(site: Site, linker: Linker, on: SiteResource, state: unknown, place: Place): Document {
  const { resource, template } = on
  const shown = resource.show === undefined ? state : resource.show(state, place)
  const links: Record<string, HalLink | HalLink[]> = {
    self: { href: site.base + template.expand(place.variables) },
    ...commonLinks(site),
    profile: { href: `${site.base}/rels/${resource.name}` },
  }
  const embedded: Record<string, object[]> = {}
  const rules = [
    ...Object.entries<OneOrManyRule>(resource.links),
    ...Object.entries<OneOrManyRule>(resource.optionalLinks),
  ]
  for (const [relation, rule] of rules) {
    const given = rule(state, place)
    if (given === undefined) continue
    const many = isMany(given) ? given : [given]
    const hrefs = many.map((one) => halLink(linker, one))
    links[relation] = isMany(given) ? hrefs : hrefs[0]!
    const inside = many.flatMap((one) => (one.embed === undefined ? [] : [embed(linker, one)]))
    if (inside.length > 0) embedded[relation] = inside
  }
  return {
    ...(shown as object),
    _links: links,
    ...(Object.keys(embedded).length > 0 && { _embedded: embedded }),
    ...formsOf(site, [...on.actions.filter((one) => isOffered(one, state, place)), ...on.creating], place),
  }
}

export const commonLinks = (site: Site): Record<string, HalLink> => ({
  home: { href: `${site.base}/` },
  ...(site.entry !== undefined && { entry: { href: site.entry } }),
})

type OneOrManyRule = LinkRule<unknown> | OptionalLinkRule<unknown>

const isMany = (given: Link | readonly Link[]): given is readonly Link[] => Array.isArray(given)

const halLink = (linker: Linker, link: Link): HalLink => ({
  href: linker.href(link),
  ...(link.title !== undefined && { title: link.title }),
})

const embed = (linker: Linker, link: Link): object => ({ ...link.embed, _links: { self: { href: linker.href(link) } } })

const isOffered = ({ action }: SiteAction, state: unknown, place: Place): boolean => action.when?.(state, place) ?? true

export const holds = (caller: Caller | undefined, scope: string): boolean => caller?.scopes.includes(scope) ?? false

/** The forms of those actions that the caller may use; the place's variables fill their URLs. */
export function formsOf(
  site: Site,
  actions: readonly SiteAction[],
  { variables, caller }: Place,
): { readonly _templates?: Record<string, HalForm> } {
  const forms: Record<string, HalForm> = {}
  for (const { key, action, template, fields } of actions) {
    if (!holds(caller, action.scope)) continue
    forms[key] = {
      ...(action.title !== undefined && { title: action.title }),
      method: 'POST',
      target: site.base + template.expand(variables),
      contentType: 'application/json',
      properties: fields,
      ...(action.ifMatch !== undefined && { ifMatch: true }),
    }
  }
  return Object.keys(forms).length > 0 ? { _templates: forms } : {}
}
