import type { AnyResource } from '../../packages/hypermedia/src/index.ts'
import { bank } from '../../apps/bank/src/index.ts'
import { type Page, tableOf } from './page.ts'

export interface Path {
  readonly method: string
  readonly path: string
  /** The right it needs; undefined: none. */
  readonly scope?: string
  /** How a document links to it; undefined: it is an address to know. */
  readonly relation?: string
  readonly says: string
}

/** Paths that every landscape has. A test asks each of a running one, with and without the right. */
export const landscapePaths: readonly Path[] = [
  { method: 'GET', path: '/', says: 'the entry: every service, by name' },
  { method: 'GET', path: '/live', says: 'the process answers' },
  { method: 'GET', path: '/ready', says: 'every service runs; 503 until then' },
  { method: 'GET', path: '/.well-known/jwks.json', says: "the development issuer's public keys" },
  { method: 'GET', path: '/status', scope: 'events:read', relation: 'status', says: 'logs, consumers, lag' },
  {
    method: 'GET',
    path: '/lake/query',
    scope: 'explore',
    relation: 'query',
    says: 'SQL over every event kept; also POST',
  },
  {
    method: 'GET',
    path: '/lake/catalogue',
    scope: 'explore',
    relation: 'catalogue',
    says: 'every event type and field',
  },
  {
    method: 'GET',
    path: '/lake/complete',
    scope: 'explore',
    relation: 'completion',
    says: 'what may come next in a question',
  },
  { method: 'GET', path: '/lake/plan', scope: 'explore', says: 'what a question (`sql`) will read, before it runs' },
  { method: 'GET', path: '/lake/questions', scope: 'explore', says: 'saved questions' },
  { method: 'POST', path: '/settle', scope: 'operate', says: 'answers when every consumer has handled all there is' },
  { method: 'POST', path: '/rebuild', scope: 'operate', says: 'makes projections anew: `{ service, projection? }`' },
  { method: 'POST', path: '/forget', scope: 'operate', says: 'deletes the keys of a person: `{ person }`' },
  { method: 'POST', path: '/clock', scope: 'operate', says: 'sets the time ahead, for simulations: `{ advanceMs }`' },
  {
    method: 'GET',
    path: '/removals/{service}',
    scope: 'operate',
    relation: 'removal',
    says: 'what removing it would take, and who would miss it',
  },
  { method: 'POST', path: '/removals/{service}', scope: 'operate', says: 'removes it' },
  { method: 'POST', path: '/lineages/{service}', scope: 'operate', says: 'goes on as a new lineage, after a restore' },
  { method: 'POST', path: '/imports/{service}', scope: 'operate', says: 'takes a part of an exported log' },
  {
    method: 'GET',
    path: '/projections/{service}/{projection}',
    scope: 'operate',
    says: 'its rows as lines, with the position they are of',
  },
  { method: 'GET', path: '/parked/{service}/{consumer}', scope: 'operate', relation: 'parked', says: 'parked events' },
  {
    method: 'POST',
    path: '/parked/{service}/{consumer}',
    scope: 'operate',
    says: 'tries them again, or leaves one out',
  },
  {
    method: 'POST',
    path: '/rewinds/{service}/{consumer}',
    scope: 'operate',
    says: 'sets a consumer back to the start, a position or a time',
  },
]

/** Paths below `/{service}` that every service has, beside its own resources. */
export const servicePaths: readonly Path[] = [
  { method: 'GET', path: '/', says: 'its home: links to all it has' },
  { method: 'GET', path: '/openapi.json', relation: 'service-desc', says: 'its resources and actions as OpenAPI 3.1' },
  { method: 'GET', path: '/rels', relation: 'service-doc', says: 'every relation, in words' },
  {
    method: 'GET',
    path: '/events',
    scope: 'events:read',
    relation: 'events',
    says: 'the feed of what it publishes: [the format](../../spec/feed.md)',
  },
  { method: 'GET', path: '/log', scope: 'explore', relation: 'log', says: 'the feed of everything it keeps' },
  {
    method: 'GET',
    path: '/consumers',
    scope: 'operate',
    relation: 'consumers',
    says: 'how far each of its consumers is, how fast, and what it set aside',
  },
  {
    method: 'GET',
    path: '/streams/{stream}',
    scope: 'explore',
    relation: 'stream',
    says: 'all that happened to one entity; `at`, `from`, `to`, `blame`. Personal fields also want `personal:read`',
  },
  {
    method: 'GET',
    path: '/contract',
    scope: 'events:read',
    relation: 'contract',
    says: 'what is promised about its events',
  },
  { method: 'GET', path: '/contract/readers', scope: 'events:read', relation: 'readers', says: 'who reads what' },
  {
    method: 'PUT',
    path: '/contract/readers/{consumer}',
    scope: 'events:read',
    says: "a consumer declares what it reads; named as the token's subject",
  },
  { method: 'DELETE', path: '/contract/readers/{consumer}', scope: 'operate', says: 'takes a reader off the list' },
  {
    method: 'GET',
    path: '/contract/served',
    scope: 'explore',
    relation: 'served',
    says: 'every contract it ever served',
  },
  {
    method: 'GET',
    path: '/contract/overrides',
    scope: 'explore',
    relation: 'overrides',
    says: 'breaking changes that somebody let pass, and why',
  },
  { method: 'POST', path: '/contract/overrides', scope: 'operate', says: 'lets one pass' },
]

const rows = (paths: readonly Path[]) =>
  paths.map(({ method, path, scope, relation, says }) => [
    `\`${method} ${path}\``,
    scope === undefined ? '' : `\`${scope}\``,
    relation === undefined ? '' : `\`${relation}\``,
    says,
  ])
const heads = ['', 'right', 'relation', '']

/** The surface over HTTP: what is everywhere, and the bank's own resources from their declarations. */
export function httpPage(): Page {
  const text = `# Over HTTP

A client needs one address, the entry. It finds the rest by relations, so paths may change; they are listed for people. A right is a scope of the bearer token: without a token the answer is 401, without the right 403. Errors are [problem documents](errors.md).

Each document has several faces, chosen by \`Accept\`: \`application/json\`, \`application/hal+json\` with links and forms, \`text/html\`. An action is \`POST {resource}/{action}\`; with \`Idempotency-Key\` a repeat gets the same answer, with \`If-Match\` it is done only to the version named.

## Of every landscape

${tableOf(heads, rows(landscapePaths))}

## Of every service

Below \`/{service}\`:

${tableOf(heads, rows(servicePaths))}

## Resources of the bank

What a service's own declaration makes. Reading wants \`{service}:read\` unless another right is named.

${bank.map(resourcesOf).join('\n\n')}
`
  return { path: 'http.md', text }
}

function resourcesOf({ name, title, resources }: (typeof bank)[number]): string {
  const list = (resources as readonly AnyResource[]).map((resource) => {
    const { path, scope, links = {}, optionalLinks = {}, actions = {} } = resource as AnyResource & Record<string, any>
    const acts = Object.entries(actions as Record<string, { scope: string }>).map(
      ([act, { scope: right }]) => `\`${act}\` (\`${right}\`)`,
    )
    const related = Object.keys({ ...links, ...optionalLinks }).map((relation) => `\`${relation}\``)
    return [
      `\`${resource.name}\``,
      `\`/${name}${path}\``,
      scope === undefined ? '' : `\`${scope}\``,
      related.join(', '),
      acts.join(', '),
    ]
  })
  const words = title === undefined ? '' : `${title}.\n\n`
  return `### ${name}\n\n${words}${tableOf(['relation', 'path', 'right', 'links', 'actions'], list)}`
}
