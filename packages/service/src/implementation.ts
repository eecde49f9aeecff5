import {
  type Command,
  type Decider,
  type EventStore,
  execute,
  type Executed,
  type ExecuteOptions,
  type InlineProjection,
  type Keyring,
  load,
} from '@headwater/event-store'
import { ExperimentRefused, type VariantReader } from '@headwater/experiment'
import type { Answer, Call, Implementation } from '@headwater/hypermedia'
import { idFrom, newId } from './ids.ts'
import { hashOf, keepRequest, keptRequest, repeatOf } from './request.ts'
import type { DeciderResource } from './resource.ts'
import { traceparentFor } from './telemetry.ts'

export interface Acting {
  readonly store: EventStore
  readonly keys: Keyring
  readonly projections: readonly InlineProjection[]
  /** A fresh reader of variants for one request; what its last try read is exposed. */
  readonly variants: (requestId: string) => VariantReader
}

/** A decider's entity: read by folding its stream, acted on by its commands. */
export function deciding(resource: DeciderResource, on: Acting): Implementation {
  const { store } = on
  const decider: Decider = resource.decider
  return {
    async read(variables) {
      const { state, version } = await load(store, decider, idIn(resource, variables))
      return version === 0 ? undefined : { state, version }
    },
    act: (call) => act(resource, on, call),
  }
}

function idIn(resource: DeciderResource, variables: Readonly<Record<string, string>>): string {
  const name = /\{([^?}]+)\}/.exec(resource.path)![1]!
  return variables[name]!
}

/**
 * Decides and appends the request, its exposures and its events in one append. Nothing is looked up for a repeat beforehand:
 * its ids are known to the log, which then says so, and the kept answer is read.
 */
async function act(resource: DeciderResource, on: Acting, call: Call<any>) {
  const { store } = on
  const { caller, idempotencyKey, action, expected } = call
  const decider = resource.decider as Decider & Readonly<Record<string, Command>>
  const id = idIn(resource, call.variables)
  const requestId =
    idempotencyKey === undefined ? newId() : idFrom('request', store.service, caller.subject, idempotencyKey)
  const target = `${resource.name}/${id}`
  const inputHash = hashOf(target, action, call.input, expected)
  const variants = on.variants(requestId)
  let answer: Answer | undefined
  const options: ExecuteOptions<any> = {
    meta: { correlationId: requestId, causationId: requestId, traceparent: traceparentFor(call.traceparent) },
    ...(expected === undefined ? {} : { expected }),
    inline: on.projections,
    eventId: (index) => idFrom('event', requestId, String(index)),
    before: call.refusal,
    checked: true,
    variant: variants.variant,
    caller: caller.subject,
    record(outcome) {
      answer = call.answer(outcome)
      const seen = expected === undefined ? {} : { expected }
      const asked = { caller: caller.subject, target, action, ...seen, input: call.input, inputHash, answer }
      return [keepRequest(store.service, requestId, asked, { decider, id }, outcome), ...variants.exposures()]
    },
  }
  const executed = await execute(store, decider, id, decider[action] as Command, call.input, options).catch(
    (error: unknown) => ({ kind: 'answered' as const, refusal: refusalIn(error) }),
  )
  if (executed.kind === 'answered') return call.answer(executed.refusal)
  return settle(executed, () => answer!, on, { requestId, inputHash, repeatable: idempotencyKey !== undefined })
}

const forgotten = {
  kind: 'refused',
  code: 'HW_FORGOTTEN',
  sentence: 'This person was forgotten: nothing more is kept of them. Begin anew under another id.',
} as const

/** Failures that say what the caller has to do otherwise; they come before anything is recorded. Any other is thrown on. */
export function refusalIn(error: unknown): {
  readonly kind: 'refused'
  readonly code: string
  readonly sentence: string
} {
  if (error instanceof ExperimentRefused) return { kind: 'refused', code: error.code, sentence: error.message }
  if ((error as { code?: string }).code === 'HW_FORGOTTEN') return forgotten
  throw error
}

interface Asked {
  readonly requestId: string
  readonly inputHash: string
  /** The caller gave a key: the same may have been asked before. */
  readonly repeatable: boolean
}

async function settle(
  executed: Executed<any>,
  answer: () => Answer,
  { store, keys }: Acting,
  { requestId, inputHash, repeatable }: Asked,
) {
  const done = executed.kind === 'done' || executed.kind === 'refused'
  if (done && !executed.repeated) return answer()
  // A conflict may be the repeat's own first act, which moved the version it names.
  const kept = repeatable ? await keptRequest(store, keys, requestId) : undefined
  if (kept !== undefined) return repeatOf(kept, inputHash)
  if (executed.kind === 'conflict')
    return { kind: 'conflict' as const, expected: executed.expected, actual: executed.actual }
  if (done) return answer()
  throw new Error(`Expected fresh event ids for request ${requestId}, got known ones: ${executed.ids.join(', ')}.`)
}
