import { createHash, randomUUID } from 'node:crypto'
import { readBody, type Body } from './body.ts'
import { commonLinks, documentOf, holds } from './document.ts'
import { inputOf, KEY_FIELD, VERSION_FIELD } from './form.ts'
import type { Answer, Outcome, Refused } from './implementation.ts'
import type { Linker } from './linker.ts'
import { isName } from './path-template.ts'
import { etagOf, expectedOf, idempotencyKeyOf, traceparentOf } from './precondition.ts'
import { problemText, trouble, type Trouble } from './problem.ts'
import type { Caller, Place } from './resource.ts'
import { check } from './schema.ts'
import type { Site, SiteAction, SiteResource } from './site.ts'
import { variablesOf } from './variables.ts'

export interface Acting {
  readonly site: Site
  readonly linker: Linker
  readonly maxBodyBytes: number
  readonly newId: (seed: string | undefined) => string
}

/** Everything between an action's URL and the implementation; what stops at the door is a problem and leaves no trace. */
export async function act(
  acting: Acting,
  action: SiteAction,
  { request, url, caller }: { readonly request: Request; readonly url: URL; readonly caller: Caller | undefined },
  inPath: Readonly<Record<string, string>>,
): Promise<Answer | Trouble> {
  if (caller === undefined || !holds(caller, action.action.scope))
    return denied(acting.site, caller, action.action.scope)
  const at = variablesOf(action.template, inPath, url)
  if (at.kind === 'trouble') return at
  const body = isForeignForm(request) ? foreignForm() : await readBody(request, { maxBytes: acting.maxBodyBytes })
  if (body.kind === 'trouble') return body
  const conditions = conditionsOf(action, request, body)
  if ('kind' in conditions) return conditions
  const named = nameOf(acting, action, body, caller, conditions.idempotencyKey)
  if (named.kind === 'trouble') return named
  const input = await checked(action, named.input)
  if (input.kind === 'trouble') return input
  const place: Place = { variables: { ...at.variables, ...named.variables }, caller }
  const outcome = await action.on.implementation.act!({
    action: action.name,
    variables: place.variables,
    input: input.value,
    caller,
    ...conditions,
    ...traceparentOf(request.headers.get('traceparent')),
    refusal: (state, version) => refusalOf(action, state, version, place),
    answer: (given) => answerOf(acting, action, given, place),
  })
  if (!('kind' in outcome)) return outcome
  return outcome.kind === 'conflict' ? changed(outcome.expected, outcome.actual) : reused()
}

/** 401 to whom nobody knows, 403 to who lacks the scope (RFC 6750). */
export function denied(site: Site, caller: Caller | undefined, scope: string): Trouble {
  const realm = `Bearer realm="${site.service}"`
  if (caller === undefined) {
    const detail = `Expected a bearer token with scope ${scope}, got none that is valid.`
    return trouble(401, { code: 'HW_UNAUTHENTICATED', detail, scope, headers: { 'www-authenticate': realm } })
  }
  const headers = { 'www-authenticate': `${realm}, error="insufficient_scope", scope="${scope}"` }
  return trouble(403, {
    code: 'HW_FORBIDDEN',
    detail: `Expected a caller with scope ${scope}, got one without.`,
    scope,
    headers,
  })
}

/** A browser sends cookies along with a form on somebody else's page; programs do not send these headers. */
function isForeignForm(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  return site !== null && site !== 'same-origin' && site !== 'none'
}

const foreignForm = (): Trouble =>
  trouble(403, { code: 'HW_FOREIGN_FORM', detail: 'Expected a form of this site, got one of another.' })

interface Conditions {
  readonly idempotencyKey?: string
  readonly expected?: number
}

function conditionsOf(action: SiteAction, request: Request, body: Body): Conditions | Trouble {
  const field = (name: string) => (body.kind === 'form' ? body.fields.get(name)?.[0] : undefined)
  const key = idempotencyKeyOf(request.headers.get('idempotency-key') ?? field(KEY_FIELD))
  const version = expectedOf(request.headers.get('if-match') ?? field(VERSION_FIELD))
  if ('kind' in key) return key
  if ('kind' in version) return version
  if (action.action.ifMatch !== undefined && version.expected === undefined) {
    const detail = `Expected If-Match with the ETag of the version that was seen, got none. Read ${action.on.resource.name} first.`
    return trouble(428, { code: 'HW_VERSION_REQUIRED', detail })
  }
  return { ...key, ...version }
}

type Named =
  | { readonly kind: 'named'; readonly variables: Readonly<Record<string, string>>; readonly input: unknown }
  | Trouble

/** Finds or makes the name of a new resource, and what is left as input. */
function nameOf(acting: Acting, action: SiteAction, body: Body, caller: Caller, key: string | undefined): Named {
  const raw = body.kind === 'form' ? inputOf(body.fields, action.schema) : body.kind === 'json' ? body.value : undefined
  const { naming } = action
  if (naming === undefined) return { kind: 'named', variables: {}, input: raw }
  if (naming.by === 'server') {
    // A repeat of the same request must name the same resource.
    const seed = key === undefined ? undefined : [acting.site.service, action.key, caller.subject, key].join('\n')
    return { kind: 'named', variables: { [naming.variable]: acting.newId(seed) }, input: raw }
  }
  const { [naming.variable]: name, ...rest } = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<
    string,
    unknown
  >
  if (typeof name !== 'string' || !isName(name)) {
    const detail = 'Expected 1 to 200 characters, none of them a control character, a quote or a backslash.'
    return invalid([{ pointer: `/${naming.variable}`, detail }])
  }
  const meant = action.schema?.['properties'] as object | undefined
  const input = meant !== undefined && naming.variable in meant ? raw : rest
  return { kind: 'named', variables: { [naming.variable]: name }, input }
}

const invalid = (errors: readonly { pointer: string; detail: string }[]): Trouble =>
  trouble(422, { code: 'HW_INPUT_INVALID', detail: 'Expected a body as the form describes it.', errors })

async function checked({ action }: SiteAction, input: unknown): Promise<{ kind: 'valid'; value: unknown } | Trouble> {
  if (action.input === undefined) {
    const strange = typeof input === 'object' && input !== null ? Object.keys(input)[0] : input
    if (strange === undefined || strange === null) return { kind: 'valid', value: undefined }
    return invalid([{ pointer: '', detail: 'This action takes no input.' }])
  }
  const result = await check(action.input, input ?? {})
  return result.kind === 'valid' ? result : invalid(result.wrongs)
}

function refusalOf(
  { name, action, on }: SiteAction,
  state: unknown,
  version: number | undefined,
  place: Place,
): Refused | undefined {
  // What is not there yet belongs to nobody.
  const isNew = action.create !== undefined && version === 0
  if (!isNew && !isVisible(on, state, place)) {
    return { kind: 'refused', code: 'HW_NOT_FOUND', sentence: 'Nothing is here for this caller.' }
  }
  if (action.when?.(state, place) === false) {
    return { kind: 'refused', code: 'HW_NOT_NOW', sentence: `Action ${name} is not possible in the present state.` }
  }
  return undefined
}

function answerOf({ site, linker }: Acting, action: SiteAction, outcome: Outcome<unknown>, place: Place): Answer {
  if (outcome.kind === 'refused') {
    return refusedAnswer(outcome.code === 'HW_NOT_FOUND' ? 404 : 409, outcome.code, outcome.sentence)
  }
  const self = site.base + action.on.template.expand(place.variables)
  const creates = action.action.create !== undefined
  if (!isVisible(action.on, outcome.state, place)) return unseen(site, creates)
  return {
    status: creates ? 201 : 200,
    headers: {
      'content-type': 'application/hal+json',
      ...(outcome.version !== undefined && { etag: etagOf(outcome.version) }),
      'content-location': self,
      ...(creates && { location: self }),
    },
    body: JSON.stringify(documentOf(site, linker, action.on, outcome.state, place)),
  }
}

const isVisible = ({ resource }: SiteResource, state: unknown, place: Place): boolean =>
  resource.visible?.(state, place) !== false

/** The answer when the caller may not, or not any more, know of what was acted on. */
function unseen(site: Site, creates: boolean): Answer {
  if (creates) return refusedAnswer(404, 'HW_NOT_FOUND', 'Nothing is here for this caller.')
  const body = JSON.stringify({ _links: { ...commonLinks(site) } })
  return { status: 200, headers: { 'content-type': 'application/hal+json', 'content-location': `${site.base}/` }, body }
}

function refusedAnswer(status: number, code: string, detail: string): Answer {
  const body = problemText(trouble(status, { code, detail }).problem)
  return { status, headers: { 'content-type': 'application/problem+json' }, body }
}

function changed(expected: number, actual: number | undefined): Trouble {
  const seen = expected < 0 ? 'an ETag that no version has' : `version ${expected}`
  const code = 'HW_VERSION_CONFLICT'
  if (actual === undefined)
    return trouble(412, { code, detail: `Expected no If-Match where nothing has versions, got ${seen}. Leave it out.` })
  const detail = `Expected version ${actual}, got ${seen}. Read it again and decide anew.`
  return trouble(412, { code, detail, actual, headers: { etag: etagOf(actual) } })
}

const reused = (): Trouble =>
  trouble(422, {
    code: 'HW_IDEMPOTENCY_KEY_REUSED',
    detail: 'Expected the body first sent with this Idempotency-Key, got another one. Use a new key for a new request.',
  })

/** A UUID computed from the seed (version 8, RFC 9562), so that a repeat names the same; a random one without a seed. */
export function idOf(seed: string | undefined): string {
  if (seed === undefined) return randomUUID()
  const hex = createHash('sha256').update(seed).digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
