import { type Contract, contractDocument } from '@headwater/contract'
import { type Caller, type Handler, problem, readBody } from '@headwater/hypermedia'
import { z } from 'zod'
import type { ReaderRegister } from './reader-register.ts'
import { unknownCaller } from './right.ts'

export interface ContractResource {
  readonly contract: Contract
  readonly register: ReaderRegister
  /** `/pots/contract` */
  readonly path: string
  readonly now: () => number
}

/** Serves a service's contract, who reads it, and what was let through; readers declare themselves here. */
export function contractResource(on: ContractResource): Handler {
  return async (request, { caller }) => {
    if (caller === undefined) return unknownCaller()
    const { pathname } = new URL(request.url)
    const [first = '', ...more] = pathname.slice(on.path.length + 1).split('/')
    const isHead = request.method === 'HEAD'
    const act = acts[`${isHead ? 'GET' : request.method} ${first}`]
    if (act === undefined)
      return problem(404, {
        code: 'HW_NO_SUCH_PAGE',
        detail: `Expected ${on.path} or a link of it, got ${request.method} ${pathname}.`,
      })
    const missing = act.scopes.find((scope) => !caller.scopes.includes(scope))
    if (missing !== undefined) return problem(403, { code: 'HW_FORBIDDEN', scope: missing })
    const answer = await act.run(on, { request, caller, rest: more.map(decodeURIComponent).join('/') })
    return isHead ? new Response(null, answer) : answer
  }
}

interface Asked {
  readonly request: Request
  readonly caller: Caller
  readonly rest: string
}

interface Act {
  readonly scopes: readonly string[]
  run(on: ContractResource, asked: Asked): Promise<Response>
}

const acts: Readonly<Record<string, Act>> = {
  'GET ': { scopes: ['events:read'], run: showContract },
  'GET served': { scopes: ['explore'], run: async ({ register }) => json({ contracts: await register.served() }) },
  'GET readers': { scopes: ['events:read'], run: async ({ register }) => json({ readers: await register.readers() }) },
  'PUT readers': { scopes: ['events:read'], run: declareReader },
  'DELETE readers': { scopes: ['operate'], run: forgetReader },
  'GET overrides': {
    scopes: ['explore'],
    run: async ({ register }) => json({ overrides: await register.overrides() }),
  },
  'POST overrides': { scopes: ['operate'], run: letThrough },
}

const json = (body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })

async function showContract({ contract, path, now }: ContractResource, { request, caller }: Asked): Promise<Response> {
  const inside = caller.scopes.includes('explore')
  const document = contractDocument(contract, { reader: caller.subject, inside, now: new Date(now()) })
  const headers = { etag: `"${document.hash}"`, 'cache-control': 'private, no-cache', vary: 'authorization' }
  if (request.headers.get('if-none-match') === headers.etag) return new Response(null, { status: 304, headers })
  const links = {
    self: { href: path },
    readers: { href: `${path}/readers`, title: 'Who reads what' },
    ...(inside ? { served: { href: `${path}/served` }, overrides: { href: `${path}/overrides` } } : {}),
  }
  return json({ ...document, _links: links }, headers)
}

const fields = z.record(z.string().max(100), z.array(z.string().max(500)).max(1_000))
const declaration = z.object({ reads: fields, observed: fields.exactOptional() })

async function declareReader({ register }: ContractResource, { request, caller, rest }: Asked): Promise<Response> {
  if (!/^[a-z][a-z0-9-]{0,99}$/.test(rest))
    return problem(404, {
      code: 'HW_NO_SUCH_PAGE',
      detail: `Expected the name of a consumer after /readers/, got "${rest}".`,
    })
  const checked = declaration.safeParse(await bodyOf(request))
  if (!checked.success)
    return problem(400, {
      code: 'HW_READER_DECLARATION',
      detail: `Expected {"reads": {"<type>": ["/<field>"]}}: ${checked.error.message}`,
    })
  await register.declare(caller.subject, rest, checked.data)
  return new Response(null, { status: 204 })
}

async function forgetReader({ register }: ContractResource, { rest }: Asked): Promise<Response> {
  if (await register.forget(rest)) return new Response(null, { status: 204 })
  return problem(404, { code: 'HW_NO_SUCH_READER', detail: `Expected a reader of the register, got "${rest}".` })
}

const override = z.object({
  hash: z.string(),
  who: z.string().min(1).max(200),
  why: z.string().min(1).max(2_000),
  changes: z.array(z.unknown()).max(1_000),
})

async function letThrough({ register }: ContractResource, { request, caller }: Asked): Promise<Response> {
  const checked = override.safeParse(await bodyOf(request))
  if (!checked.success)
    return problem(400, {
      code: 'HW_OVERRIDE',
      detail: `Expected {"hash", "who", "why", "changes"}: ${checked.error.message}`,
    })
  const { who } = checked.data
  await register.override({ ...checked.data, who: who === caller.subject ? who : `${who} (${caller.subject})` })
  return new Response(null, { status: 204 })
}

async function bodyOf(request: Request): Promise<unknown> {
  const body = await readBody(request)
  return body.kind === 'json' ? body.value : undefined
}
