import { createHash } from 'node:crypto'
import { events, type OutputOf } from '@headwater/contract'
import type { NewEvent, StoredEvent, StreamAppend } from '@headwater/event-store'
import type { Answer } from '@headwater/hypermedia'
import { z } from 'zod'

const received = z.object({
  caller: z.string(),
  /** `pot/p1` */
  target: z.string(),
  action: z.string(),
  input: z.unknown(),
  inputHash: z.string(),
  /** The version the caller had seen. */
  expected: z.int().exactOptional(),
  /** Code of the refusal, where the domain refused. */
  refused: z.string().exactOptional(),
  answer: z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() }),
})

/** What a known caller asked, whole, with what was answered. */
export type RequestReceived = OutputOf<typeof received>

/** Requests are events of every service's own log; nobody outside may rely on them. */
export const requestFacts = (service: string) => events(service, { RequestReceived: { data: received } })

export function requestStream(requestId: string): string {
  return `request-${requestId}`
}

/** The append that keeps a request, in the same commit as what it caused. */
export function keepRequest(requestId: string, data: RequestReceived): StreamAppend {
  const event: NewEvent = { id: requestId, type: 'RequestReceived', data }
  return { stream: requestStream(requestId), expected: 0, events: [event] }
}

/** Hash of all that makes two requests the same: where they go, what they do, and with what. */
export function hashOf(target: string, action: string, input: unknown, expected: number | undefined): string {
  return createHash('sha256')
    .update(JSON.stringify([target, action, input, expected ?? null]))
    .digest('base64url')
}

/** The answer that was kept, when the repeat asks the same; `key-reused` when it asks something else. */
export function repeatOf(kept: StoredEvent, inputHash: string): Answer | { readonly kind: 'key-reused' } {
  const data = kept.data as RequestReceived
  return data.inputHash === inputHash ? data.answer : { kind: 'key-reused' }
}
