import { failure } from './failure.ts'
import { fieldsOf, type Field } from './form.ts'
import type { Implementation } from './implementation.ts'
import { pathTemplate, type PathTemplate } from './path-template.ts'
import type { Action, AnyResource } from './resource.ts'
import { routes, type Routes } from './routes.ts'
import { jsonSchemaOf, type JsonSchema } from './schema.ts'
import type { HostLink, ServeOptions } from './serve-options.ts'

/** An action at its URL: below its resource, or, when it creates, below the place where such resources are listed. */
export interface SiteAction {
  readonly name: string
  /** Its key among the forms of a document: `save` on the resource itself, `pot.open` where pots are listed. */
  readonly key: string
  readonly action: Action
  readonly on: SiteResource
  readonly template: PathTemplate
  /** Variable that names the new resource, when the URL leaves it open, and who says it. */
  readonly naming?: { readonly variable: string; readonly by: 'server' | 'client' }
  readonly schema?: JsonSchema
  readonly fields: readonly Field[]
}

export interface SiteResource {
  readonly resource: AnyResource
  readonly template: PathTemplate
  readonly implementation: Implementation
  /** What a caller must hold to read; undefined: anyone may. */
  readonly readScope: string | undefined
  readonly actions: SiteAction[]
  /** Actions that create resources listed here. */
  readonly creating: SiteAction[]
}

export type Target =
  | { readonly kind: 'home' | 'openapi' | 'relations' | 'relation' | 'follow' }
  | { readonly kind: 'resource'; readonly on: SiteResource }
  | { readonly kind: 'action'; readonly action: SiteAction }

/** A service's resources with all that can be known of them before the first request. */
export interface Site {
  readonly service: string
  readonly title: string
  readonly version: string
  /** Where it is mounted, without a slash at the end. */
  readonly base: string
  readonly entry?: string
  readonly resources: ReadonlyMap<string, SiteResource>
  /** Actions that create resources listed nowhere else. */
  readonly creating: readonly SiteAction[]
  readonly links: Readonly<Record<string, HostLink>>
  readonly routes: Routes<Target>
}

const RESERVED = ['self', 'home', 'entry', 'profile', 'curies']

export function siteOf(all: readonly AnyResource[], options: ServeOptions<any>): Site {
  const base = baseOf(options.basePath ?? '')
  const resources = new Map<string, SiteResource>()
  for (const resource of all) {
    if (resources.has(resource.name)) {
      throw failure('HW_NAME_TAKEN', `Expected each resource to have a name of its own, got ${resource.name} twice.`)
    }
    resources.set(resource.name, siteResource(resource, options))
  }
  const creating: SiteAction[] = []
  for (const on of resources.values()) addActions(on, resources, creating)
  return {
    service: options.service,
    title: options.title ?? options.service,
    version: options.version ?? '0.0.0',
    base,
    ...(options.entry !== undefined && { entry: options.entry }),
    resources,
    creating,
    links: options.links ?? {},
    routes: routesOf(resources, creating),
  }
}

function baseOf(basePath: string): string {
  if (/^(\/[A-Za-z0-9._~-]+)*$/.test(basePath)) return basePath
  throw failure('HW_BASE_PATH', `Expected a path such as /pots without a slash at the end, got ${basePath}.`)
}

function siteResource(resource: AnyResource, { service, implementation }: ServeOptions<any>): SiteResource {
  const given = (implementation as Readonly<Record<string, Implementation>>)[resource.name]
  const template = pathTemplate(resource.path)
  if (given === undefined || (Object.keys(resource.actions).length > 0 && given.act === undefined)) {
    const lacking = given === undefined ? 'none' : 'one without act'
    throw failure('HW_NOT_IMPLEMENTED', `Expected an implementation of ${resource.name}, got ${lacking}.`)
  }
  for (const relation of [resource.name, ...Object.keys(resource.links), ...Object.keys(resource.optionalLinks)]) {
    if (RESERVED.includes(relation)) {
      throw failure(
        'HW_RELATION_RESERVED',
        `Expected another relation than ${relation} for ${resource.path}: every document has it already.`,
      )
    }
  }
  const scope = resource.scope ?? `${service}:read`
  const readScope = scope === 'anyone' ? undefined : scope
  return { resource, template, implementation: given, readScope, actions: [], creating: [] }
}

function addActions(on: SiteResource, all: ReadonlyMap<string, SiteResource>, atHome: SiteAction[]): void {
  const collection = collectionOf(on.template)
  let creations = 0
  for (const [name, action] of Object.entries<Action>(on.resource.actions)) {
    const schema = action.input === undefined ? undefined : jsonSchemaOf(action.input, 'input')
    const own = { name, action, on, ...(schema !== undefined && { schema }), fields: fieldsOf(schema) }
    // What the query names belongs to what is acted on, as what the path names does.
    const template = pathTemplate(`${pathOf(on.template)}/${name}${queryOf(on.template)}`)
    // A resource that the server names has no URL before it is there.
    if (action.create !== 'server' || collection === undefined) on.actions.push({ ...own, key: name, template })
    if (action.create === undefined) continue
    const naming = collection && { variable: collection.variable, by: action.create }
    // The first action that creates has the collection's own URL; a later one comes below it and moves nothing.
    const at = collection && pathTemplate(creations++ === 0 ? collection.path : `${collection.path}/${name}`)
    placeOf(on, collection?.path, all, atHome).push({
      ...own,
      key: `${on.resource.name}.${name}`,
      template: at ?? template,
      ...(naming && { naming }),
      fields: naming?.by === 'client' ? withName(naming.variable, own.fields) : own.fields,
    })
  }
}

const withName = (variable: string, fields: readonly Field[]): readonly Field[] =>
  fields.some(({ name }) => name === variable) ? fields : [{ name: variable, type: 'text', required: true }, ...fields]

const pathOf = (template: PathTemplate): string => template.text.replace(/\{\?.*$/, '')
const queryOf = (template: PathTemplate): string => template.text.slice(pathOf(template).length)

/** `/pots/{potId}` → `/pots` and `potId`; undefined when the path does not end with a variable of its own. */
function collectionOf(template: PathTemplate): { readonly path: string; readonly variable: string } | undefined {
  const last = template.segments.at(-1)
  if (last?.kind !== 'variable' || template.segments.length < 2) return undefined
  return { path: pathOf(template).replace(/\/[^/]+$/, ''), variable: last.name }
}

/** Where a creating action is offered: the list of such resources, else the nearest resource above, else home. */
function placeOf(
  on: SiteResource,
  collection: string | undefined,
  all: ReadonlyMap<string, SiteResource>,
  atHome: SiteAction[],
): SiteAction[] {
  const above = [...all.values()]
    .filter((one) => one !== on && collection !== undefined && `${collection}/`.startsWith(`${pathOf(one.template)}/`))
    .toSorted((a, b) => b.template.segments.length - a.template.segments.length)[0]
  if (above !== undefined) return above.creating
  if (on.template.inPath.length <= 1) return atHome
  throw failure(
    'HW_NOWHERE_TO_CREATE',
    `Expected a resource above ${on.resource.path} where its creating actions can be offered, got none. Declare one, such as ${collection}.`,
  )
}

function routesOf(resources: ReadonlyMap<string, SiteResource>, creating: readonly SiteAction[]): Routes<Target> {
  const map = routes<Target>()
  const fixed = {
    '/': 'home',
    '/openapi.json': 'openapi',
    '/rels': 'relations',
    '/rels/{relation}': 'relation',
    '/follow/{relation}': 'follow',
  } as const
  for (const [path, kind] of Object.entries(fixed)) map.add('GET', pathTemplate(path), { kind })
  for (const on of resources.values()) {
    map.add('GET', on.template, { kind: 'resource', on })
    for (const action of on.actions) map.add('POST', action.template, { kind: 'action', action })
  }
  // Without a name to give, a creating action has no URL beside its own.
  const offered = [...creating, ...[...resources.values()].flatMap((on) => on.creating)]
  for (const action of offered.filter(({ naming }) => naming !== undefined)) {
    map.add('POST', action.template, { kind: 'action', action })
  }
  return map
}
