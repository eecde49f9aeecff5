import { Readable } from 'node:stream'
import { type Caller, problem, readBody } from '@headwater/hypermedia'
import { type Lake, LakeError, type QueryOptions } from '@headwater/lake'

/** Problems of a question, as what the caller can do about them. */
const statuses: Readonly<Record<string, number>> = {
  HW_QUERY_SYNTAX: 400,
  HW_QUERY_TABLE: 400,
  HW_QUERY_REFUSED: 403,
  HW_LAKE_POSITION: 409,
  HW_QUERY_TIME: 422,
  HW_QUERY_MEMORY: 422,
  HW_QUERY_FAILED: 422,
  HW_QUERY_CANCELLED: 408,
}

interface Question {
  readonly sql: string
  readonly at?: Readonly<Record<string, number>>
  /** Only says what would be read. */
  readonly explain?: boolean
}

const formats = { 'text/csv': 'csv', 'application/vnd.apache.parquet': 'parquet' } as const

/** SQL over HTTP: `POST {"sql": …, "at": {…}}` or `GET ?sql=…`, for callers with the right to explore. The answer's form goes by `Accept`. */
export async function ask(lake: Lake, request: Request, { caller }: { readonly caller?: Caller }): Promise<Response> {
  const refused = lacking(caller)
  if (refused !== undefined) return refused
  const question = await questionOf(request)
  if (question instanceof Response) return question
  const options: QueryOptions = { signal: request.signal, ...(question.at === undefined ? {} : { at: question.at }) }
  try {
    if (question.explain === true) return json(await lake.explain(question.sql, options))
    const accepted = request.headers.get('accept') ?? ''
    const wanted = Object.entries(formats).find(([type]) => accepted.includes(type))?.[1]
    if (wanted === undefined) return json(await lake.query(question.sql, options))
    const { contentType, body, at } = await lake.export(question.sql, wanted, options)
    return new Response(Readable.toWeb(Readable.from(body)) as ReadableStream<Uint8Array>, {
      headers: { 'content-type': contentType, 'headwater-at': JSON.stringify(at) },
    })
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    return problem(statuses[error.code] ?? 500, {
      code: error.code,
      title: 'The question was not answered',
      detail: error.message,
    })
  }
}

/** Every event type and field with counts, times, examples, owner and level. */
export function catalogue(lake: Lake, { caller }: { readonly caller?: Caller }): Response {
  return lacking(caller) ?? json({ types: lake.catalogue(), at: lake.positions() })
}

function lacking(caller: Caller | undefined): Response | undefined {
  if (caller === undefined)
    return problem(401, { code: 'HW_UNAUTHENTICATED', headers: { 'www-authenticate': 'Bearer' } })
  return caller.scopes.includes('explore') ? undefined : problem(403, { code: 'HW_FORBIDDEN', scope: 'explore' })
}

async function questionOf(request: Request): Promise<Question | Response> {
  if (request.method === 'GET') {
    const { searchParams } = new URL(request.url)
    return checked({
      sql: searchParams.get('sql'),
      ...parsedAt(searchParams.get('at')),
      explain: searchParams.has('explain'),
    })
  }
  if (request.method !== 'POST') return problem(405, { code: 'HW_METHOD_NOT_ALLOWED', headers: { allow: 'GET, POST' } })
  const body = await readBody(request)
  if (body.kind === 'trouble') return problem(body.problem.status, body.problem)
  return checked(body.kind === 'json' ? body.value : undefined)
}

function parsedAt(text: string | null): { at?: unknown } {
  if (text === null) return {}
  try {
    return { at: JSON.parse(text) as unknown }
  } catch {
    return { at: text }
  }
}

function checked(said: unknown): Question | Response {
  const { sql, at, explain } = (typeof said === 'object' && said !== null ? said : {}) as Record<string, unknown>
  const vector =
    at === undefined ||
    (typeof at === 'object' && at !== null && Object.values(at).every((position) => Number.isSafeInteger(position)))
  if (typeof sql === 'string' && sql !== '' && vector) {
    return { sql, ...(at === undefined ? {} : { at: at as Record<string, number> }), explain: explain === true }
  }
  return problem(400, {
    code: 'HW_QUESTION_INVALID',
    title: 'Expected a question',
    detail: 'Expected {"sql": "select …", "at": {"payments": 120}} (`at` may be left out), got something else.',
  })
}

/** Whole numbers beyond 2^53 come as decimal text already. */
function json(value: unknown): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store' } })
}
