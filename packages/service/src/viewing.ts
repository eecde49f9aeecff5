import {
  definitionOf,
  type EntityRef,
  type EventStore,
  execute,
  type InlineProjection,
  type Keyring,
  load,
} from '@headwater/event-store'
import type { VariantReader } from '@headwater/experiment'
import { type Call, type Caller, type Implementation, problem } from '@headwater/hypermedia'
import { enter, RequestFailed } from '@headwater/hypermedia/client'
import type pg from 'pg'
import { idFrom, newId } from './ids.ts'
import { refusalIn } from './implementation.ts'
import { hashOf, keepRequest, keptRequest } from './request.ts'
import { rowsOf } from './rows.ts'
import type { Screens } from './screens.ts'
import { traceparentFor } from './telemetry.ts'
import type { ActContext, View, ViewAction, ViewContext } from './view.ts'

/** Rows that one answer is made of; pages of a list are smaller. */
const mostRows = 10_000

export interface Viewing {
  readonly store: EventStore
  readonly keys: Keyring
  readonly projections: readonly InlineProjection[]
  readonly pool: pg.Pool
  readonly screens: Screens
  /** A fresh reader of variants for one request; what its last try read is exposed. */
  readonly variants: (requestId: string) => VariantReader
  /** The landscape's entry URL. */
  readonly entry: string
  /** Reaches other services in somebody's name, with this service's rights. */
  readonly fetchFor: (subject: string) => typeof fetch
}

/** A view, read for whoever asks, and acted on by its own functions. */
export function viewing(view: View, on: Viewing): Implementation {
  return {
    async read(variables, { caller, traceparent }) {
      const state = await passingOn(() => view.read(variables as any, contextOf(on, caller, traceparent)))
      return state === undefined ? undefined : { state }
    },
    act: (call) => passingOn(() => act(view, on, call)),
  }
}

/** What is carried out elsewhere is kept there, under the same caller and key; here, what the service's own deciders are asked. */
async function act(view: View, on: Viewing, call: Call<any>) {
  const { caller, variables, action, input, idempotencyKey, expected } = call
  const traceparent = traceparentFor(call.traceparent)
  const context: ActContext = {
    ...contextOf(on, caller, traceparent),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    caller,
    run: commanding(on, view, call, traceparent),
    seen: (experiment, sighting) => on.screens.seen(experiment, sighting),
  }
  const read = () => view.read(variables as any, context)
  const before = await read()
  const refusal = before === undefined ? missing : call.refusal(before, undefined)
  if (refusal !== undefined) return call.answer(refusal)
  if (expected !== undefined) return { kind: 'conflict' as const, expected }
  const acted = await (view.actions as Readonly<Record<string, ViewAction>>)[action]!.act(input, context, variables)
  if (acted !== undefined && 'kind' in acted) return call.answer(acted)
  const state = acted?.state ?? (await read())
  const answer = call.answer(state === undefined ? missing : { kind: 'done', state })
  return { ...answer, headers: { ...answer.headers, ...acted?.headers } }
}

const missing = { kind: 'refused', code: 'HW_NOT_FOUND', sentence: 'Nothing is here for this caller.' } as const

function contextOf(on: Viewing, caller: Caller | undefined, traceparent: string | undefined): ViewContext {
  const { pool, store, screens, entry, fetchFor } = on
  const query: ViewContext['query'] = async (sql, params) => (await pool.query(sql, params as unknown[])).rows
  return {
    ...(caller === undefined ? {} : { caller }),
    query,
    rows: rowsOf(query, mostRows),
    load: async (decider, id) => (await load(store, decider as any, id)).state as any,
    enter() {
      if (caller === undefined) throw new RequestFailed(401, unknown)
      return enter(entry, { fetch: tracing(fetchFor(caller.subject), traceparentFor(traceparent)) })
    },
    variant: (experiment, unit, attributes) => screens.variant(experiment, unit, attributes),
  }
}

/** Asked in nobody's name others would answer by this service's own rights, as they answer their staff. */
const unknown = {
  title: 'Who are you?',
  status: 401,
  code: 'HW_NO_CALLER',
  detail: 'Expected a known caller to ask other services for, got nobody. Send a token, or sign in.',
}

/** What is caused in other services is of the same trace. */
const tracing =
  (ask: typeof fetch, traceparent: string) =>
  (url: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers)
    headers.set('traceparent', traceparent)
    return ask(url, { ...init, headers })
  }

/**
 * Each command is kept as a request of its own, in the append of what it came to: what it was given, not what was sent to the view,
 * which may be about people whom another service knows. They have the correlation in common. What was decided for the first of two
 * repeats stands.
 */
function commanding(on: Viewing, view: View, call: Call<any>, traceparent: string): ActContext['run'] {
  const { store, projections, variants: readerOf } = on
  const { caller, idempotencyKey = newId(), variables, action, input } = call
  const correlationId = idFrom('request', store.service, caller.subject, idempotencyKey)
  // Nobody else knows the key: what was sent cannot be guessed by its hash.
  const inputHash = hashOf(JSON.stringify([idempotencyKey, view.name, variables]), action, input, undefined)
  let commands = 0
  return async (command: any, id, given) => {
    const nth = String(++commands)
    const requestId = idFrom('request', correlationId, nth)
    const entity: EntityRef = { decider: command.decider, id }
    const target = `${definitionOf(entity.decider).category}/${id}`
    const variants = readerOf(requestId)
    const executed = await execute(store, entity.decider, id, command, given as any, {
      meta: { correlationId, causationId: requestId, traceparent },
      inline: projections,
      caller: caller.subject,
      eventId: (index) => idFrom('event', correlationId, nth, String(index)),
      variant: variants.variant,
      record(outcome, data) {
        const refused = outcome.kind === 'refused' ? { answer: call.answer(outcome) } : {}
        const asked = { caller: caller.subject, target, action: command.name, input: data, inputHash, ...refused }
        return [keepRequest(store.service, requestId, asked, entity, outcome), ...variants.exposures()]
      },
    }).catch(async (error: unknown) => {
      const refusal = refusalIn(error)
      return { ...(await load(store, entity.decider, id)), ...refusal, repeated: false }
    })
    if (executed.kind === 'conflict') throw crowded(executed.stream)
    if (executed.kind !== 'id-reused') return executed
    const kept = await keptRequest(store, on.keys, requestId)
    if (kept?.inputHash !== inputHash || kept.target !== target || kept.action !== command.name) throw reused()
    const then = { ...(await load(store, entity.decider, id)), repeated: true }
    if (kept.refused === undefined) return { ...then, kind: 'done', events: [] }
    const { detail } = JSON.parse(kept.answer!.body) as { detail: string }
    return { ...then, kind: 'refused', code: kept.refused, sentence: detail }
  }
}

const reused = (): Response =>
  problem(422, {
    code: 'HW_IDEMPOTENCY_KEY_REUSED',
    detail:
      'Expected what was first asked with this Idempotency-Key, got something that other events follow from. Use a new key for a new request.',
  })

const crowded = (stream: string): Response =>
  problem(503, {
    code: 'HW_CONFLICT',
    detail: `Expected to decide on ${stream} before it changes again, and others were always first. Try again, with the same Idempotency-Key.`,
    headers: { 'retry-after': '1' },
  })

/** What another service refused goes on to the caller, in its words; one that cannot be reached is said so. */
async function passingOn<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error
    const { status, code, message, problem } = error
    const document = status === 0 ? { title: 'Not available now', status: 503, code, detail: message } : problem
    throw new Response(JSON.stringify(document), {
      status: status === 0 ? 503 : status,
      headers: {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        ...(status === 0 ? { 'retry-after': '2' } : {}),
      },
    })
  }
}
