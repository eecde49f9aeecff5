import { Readable } from 'node:stream'
import type { Format, QueryLimits } from './asking/protocol.ts'
import { LakeError } from './failure.ts'
import type { Basis, Lake, QueryOptions } from './lake.ts'

/** Who asks; a server before this one has found out. */
export interface AskingCaller {
  readonly subject: string
  readonly scopes: readonly string[] | ReadonlySet<string>
}

export interface QueriesOptions {
  /** Makes a problem document (RFC 9457); a plain one without. */
  readonly problem?: (status: number, said: { readonly code: string; readonly detail: string }) => Response
  /** Path the handler is mounted at, e.g. `/lake`; default none. */
  readonly base?: string
  /** Right a caller needs; default `explore`. */
  readonly scope?: string
  /** What a caller may ask for at most. */
  readonly most?: Partial<QueryLimits>
}

export type QueriesHandler = (request: Request, context: { readonly caller?: AskingCaller }) => Promise<Response>

interface Said {
  readonly sql?: string
  readonly at?: Readonly<Record<string, number>>
  readonly format?: string
  readonly limits?: Partial<QueryLimits>
}

const statuses: Readonly<Record<string, number>> = {
  HW_LAKE_REQUEST: 400,
  HW_LAKE_UNKNOWN_CALLER: 401,
  HW_LAKE_NOT_ALLOWED: 403,
  HW_LAKE_NOT_FOUND: 404,
  HW_QUESTION_UNKNOWN: 404,
  HW_LAKE_METHOD: 405,
  HW_QUERY_STOPPED: 503,
  HW_QUERY_CANCELLED: 503,
}

/** What an answer held in memory, and one written to a file, may be asked to have at most. */
const ANSWER_BYTES = 64 * 1024 ** 2
const EXPORT_BYTES = 1024 ** 3

/** Any other refusal of the lake is about what the question says. */
const UNPROCESSABLE = 422

/**
 * The lake over HTTP. `/` (or `/query`): POST `{ sql, at?, format?, limits? }` or GET `?sql=&at=pots:12,cards:7&format=` answers
 * JSON, or a stream of `format` json, csv or parquet. `/plan` says what a question will read, `/catalogue` what there is,
 * `/complete?text=` what may come next, `/questions` which are saved; PUT `/questions/{name}` saves, GET
 * `/questions/{name}/answer?at=saved|now` asks again.
 */
export function queries(lake: Lake, options: QueriesOptions = {}): QueriesHandler {
  const { base = '', scope = 'explore', problem = plainProblem } = options
  return async (request, { caller }) => {
    try {
      allow(caller, scope)
      const url = new URL(request.url)
      const path = url.pathname.slice(url.pathname.startsWith(base) ? base.length : 0).replace(/^\/|\/$/g, '')
      return await route(lake, options, { request, url, path: path.split('/'), caller: caller! })
    } catch (error) {
      if (!(error instanceof LakeError)) throw error
      return problem(statuses[error.code] ?? UNPROCESSABLE, { code: error.code, detail: error.message })
    }
  }
}

interface Asked {
  readonly request: Request
  readonly url: URL
  readonly path: readonly string[]
  readonly caller: AskingCaller
}

async function route(lake: Lake, options: QueriesOptions, asked: Asked): Promise<Response> {
  const { request, url, path } = asked
  switch (path[0]) {
    case '':
    case 'query':
      return await query(lake, await said(request, url), request, options)
    case 'plan': {
      const { sql, at } = await said(request, url)
      return json(await lake.explain(needed(sql), at ? { at } : {}))
    }
    case 'catalogue':
      return json({ positions: lake.positions(), types: lake.catalogue() })
    case 'complete': {
      const cursor = url.searchParams.get('cursor')
      const suggestions = lake.complete(
        url.searchParams.get('text') ?? '',
        cursor === null ? undefined : Number(cursor),
      )
      return json({ suggestions })
    }
    case 'questions':
      return await questions(lake, asked, options)
    default:
      throw new LakeError(
        'HW_LAKE_NOT_FOUND',
        `There is nothing at ${path.join('/')}. Ask at query, plan, catalogue, complete or questions.`,
      )
  }
}

async function query(lake: Lake, said: Said, request: Request, { most }: QueriesOptions): Promise<Response> {
  const sql = needed(said.sql)
  const asking: QueryOptions = { ...(said.at && { at: said.at }), signal: request.signal }
  if (said.format === undefined) return json(await lake.query(sql, { ...asking, limits: within(said.limits, most) }))
  const limits = { bytes: EXPORT_BYTES, ...within(said.limits, { bytes: EXPORT_BYTES, ...most }) }
  const found = await lake.export(sql, formatOf(said.format), { ...asking, limits })
  return new Response(Readable.toWeb(Readable.from(found.body)) as ReadableStream, {
    headers: { 'content-type': found.contentType, 'cache-control': 'no-store', ...basisHeaders(found) },
  })
}

async function questions(
  lake: Lake,
  { request, url, path, caller }: Asked,
  { most }: QueriesOptions,
): Promise<Response> {
  const [, name, answer] = path
  if (name === undefined || name === '') return json({ questions: await lake.questions.list() })
  if (answer === 'answer') {
    const at = url.searchParams.get('at') ?? 'saved'
    const where = at === 'saved' || at === 'now' ? at : vectorOf(at)
    return json(await lake.questions.ask(name, { at: where, limits: within(undefined, most), signal: request.signal }))
  }
  if (request.method === 'PUT') {
    const { sql, at } = await said(request, url)
    return json(await lake.questions.save({ name, sql: needed(sql), by: caller.subject, ...(at && { at }) }))
  }
  const question = await lake.questions.get(name)
  if (question === undefined) throw new LakeError('HW_QUESTION_UNKNOWN', `There is no saved question ${name}.`)
  return json(question)
}

function allow(caller: AskingCaller | undefined, scope: string): void {
  if (caller === undefined)
    throw new LakeError(
      'HW_LAKE_UNKNOWN_CALLER',
      `Expected a caller with the right ${scope}, got nobody. Send a token.`,
    )
  if (![...caller.scopes].includes(scope))
    throw new LakeError('HW_LAKE_NOT_ALLOWED', `Expected the right ${scope}, which ${caller.subject} does not have.`)
}

async function said(request: Request, url: URL): Promise<Said> {
  if (request.method === 'GET' || request.method === 'HEAD') {
    const of = (key: string) => url.searchParams.get(key) ?? undefined
    const [sql, at, format] = [of('sql'), of('at'), of('format')]
    return {
      ...(sql !== undefined && { sql }),
      ...(at !== undefined && { at: vectorOf(at) }),
      ...(format !== undefined && { format }),
    }
  }
  if (request.method !== 'POST' && request.method !== 'PUT')
    throw new LakeError('HW_LAKE_METHOD', `Expected GET or POST, got ${request.method}.`)
  try {
    const body = (await request.json()) as Said
    if (typeof body === 'object' && body !== null && (body.sql === undefined || typeof body.sql === 'string'))
      return body
  } catch {
    // Said below, whatever was wrong with it.
  }
  throw new LakeError(
    'HW_LAKE_REQUEST',
    'Expected a JSON object with the question as text in `sql`. Send { "sql": "select …" }.',
  )
}

function needed(sql: string | undefined): string {
  if (sql !== undefined && sql.trim() !== '') return sql
  throw new LakeError(
    'HW_LAKE_REQUEST',
    'Expected a question in `sql`, got none. Send { "sql": "select …" } or ?sql=select….',
  )
}

function formatOf(format: string): Format {
  if (format === 'json' || format === 'csv' || format === 'parquet') return format
  throw new LakeError('HW_LAKE_REQUEST', `Expected the format json, csv or parquet, got ${format}.`)
}

/** `pots:12,cards:7` */
function vectorOf(text: string): Record<string, number> {
  const pairs = text
    .split(',')
    .filter(Boolean)
    .map((pair) => /^([^:]+):(\d+)$/.exec(pair))
  if (pairs.some((pair) => pair === null))
    throw new LakeError('HW_LAKE_REQUEST', `Expected positions like pots:12,cards:7 in \`at\`, got ${text}.`)
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, Number(pair![2])]))
}

function within(asked: Partial<QueryLimits> = {}, most: Partial<QueryLimits> = {}): Partial<QueryLimits> {
  const bounds = { timeMs: 60_000, rows: 100_000, bytes: ANSWER_BYTES, ...most }
  return Object.fromEntries(
    (['timeMs', 'rows', 'bytes'] as const).flatMap((limit) => {
      const value = asked[limit]
      if (typeof value !== 'number' || !(value > 0)) return []
      return [[limit, Math.min(value, bounds[limit])]]
    }),
  )
}

/** What the answer rests on, beside a body that has no room for it. */
function basisHeaders({ at, reads }: Basis): Record<string, string> {
  const may = reads.filter(({ mayBreak }) => mayBreak).map(({ service, type }) => `${service}.${type}`)
  return {
    'headwater-at': Object.entries(at)
      .map(([service, position]) => `${service}:${position}`)
      .join(','),
    ...(may.length > 0 && { 'headwater-may-break': may.join(',') }),
  }
}

function json(value: unknown): Response {
  return Response.json(value, { headers: { 'cache-control': 'no-store' } })
}

function plainProblem(status: number, { code, detail }: { code: string; detail: string }): Response {
  const document = { type: `urn:headwater:problem:${code}`, title: code, status, code, detail }
  return Response.json(document, { status, headers: { 'content-type': 'application/problem+json' } })
}
