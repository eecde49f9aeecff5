import { hash } from 'node:crypto'
import { contractOf, events, type OutputOf } from '@headwater/contract'
import {
  definitionOf,
  type EntityRef,
  type EventStore,
  type Keyring,
  type NewEvent,
  openEvents,
  type Outcome,
  type Recorded,
} from '@headwater/event-store'
import type { Answer } from '@headwater/hypermedia'
import { z } from 'zod'

const received = z.object({
  caller: z.string(),
  /** `pot/p1` */
  target: z.string(),
  action: z.string(),
  /** The version the caller had seen. */
  expected: z.int().exactOptional(),
  /** Code of the refusal, where the domain refused. */
  refused: z.string().exactOptional(),
  /** Whose personal data it may hold: then all that the person said, and was told, is sealed with the person's key. */
  person: z.string().exactOptional(),
  input: z.unknown(),
  inputHash: z.string(),
  /** Absent for what a view asked of a decider, and the decider did: the view makes its own answer of it. */
  answer: z.object({ status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() }).exactOptional(),
})

/** What a known caller asked, whole, with what was answered. */
export type RequestReceived = OutputOf<typeof received>

/** Requests are events of every service's own log; nobody outside may rely on them. */
export const requestFacts = (service: string) => events(service, { RequestReceived: { data: received } })

const declarePersonal = (service: string) =>
  events(service, {
    RequestReceived: { data: received, personal: { input: 'person', inputHash: 'person', answer: 'person' } },
  })

const declared = new Map<string, ReturnType<typeof declarePersonal>>()

/** The same for entities that hold personal data; declared once for a service, since every request asks for it. */
export function personalRequestFacts(service: string): ReturnType<typeof declarePersonal> {
  const facts = declared.get(service) ?? declarePersonal(service)
  declared.set(service, facts)
  return facts
}

export function requestStream(requestId: string): string {
  return `request-${requestId}`
}

/** The append that keeps a request, in the same commit as what it came to. */
export function keepRequest(
  service: string,
  requestId: string,
  asked: Omit<RequestReceived, 'refused' | 'person'>,
  entity: EntityRef,
  outcome: Outcome<any>,
): Recorded {
  const { caller, target, action, expected, input, inputHash, answer } = asked
  const person = personOf(entity, [...eventData(outcome), input, outcome.state])
  const data: RequestReceived = {
    caller,
    target,
    action,
    ...(expected === undefined ? {} : { expected }),
    ...(outcome.kind === 'refused' ? { refused: outcome.code } : {}),
    ...(person === undefined ? {} : { person }),
    input,
    inputHash,
    ...(answer === undefined ? {} : { answer }),
  }
  const event: NewEvent = { id: requestId, type: 'RequestReceived', data }
  const facts = person === undefined ? {} : { facts: personalRequestFacts(service) }
  return { stream: requestStream(requestId), expected: 0, events: [event], ...facts }
}

/**
 * Whose personal data a request holds: of whom its events name, else of whom its input or the entity's state names in a field that
 * names people, else of the entity itself. Undefined where the decider's events hold none.
 */
function personOf({ decider, id }: EntityRef, places: readonly unknown[]): string | undefined {
  const { types } = contractOf(definitionOf(decider).facts)
  const naming = [...types.values()].flatMap(({ personal }) =>
    Object.values((personal ?? {}) as Readonly<Record<string, string>>),
  )
  if (naming.length === 0) return undefined
  const named = places.flatMap((place) => naming.map((field) => (place as Record<string, unknown> | null)?.[field]))
  return named.find((one): one is string => typeof one === 'string' && one !== '') ?? id
}

const eventData = (outcome: Outcome<any>): unknown[] =>
  outcome.kind === 'done' ? outcome.events.map(({ data }) => data) : []

/** Hash of all that makes two requests the same: where they go, what they do, and with what. */
export function hashOf(target: string, action: string, input: unknown, expected: number | undefined): string {
  return hash('sha256', JSON.stringify([target, action, input, expected ?? null]), 'base64url')
}

/** The request that was kept under an id, its personal parts opened; what belongs to somebody who was forgotten is gone. */
export async function keptRequest(
  store: EventStore,
  keys: Keyring,
  requestId: string,
): Promise<Partial<RequestReceived> | undefined> {
  const [kept] = await store.read(requestStream(requestId))
  if (kept === undefined) return undefined
  if (kept.data.person === undefined) return kept.data as RequestReceived
  const [opened] = await openEvents(keys, personalRequestFacts(store.service), [kept])
  return opened!.data as Partial<RequestReceived>
}

/** The answer that was kept, when the repeat asks the same; `key-reused` when it asks something else. */
export function repeatOf(kept: Partial<RequestReceived>, inputHash: string): Answer | { readonly kind: 'key-reused' } {
  return kept.inputHash === inputHash && kept.answer !== undefined ? kept.answer : { kind: 'key-reused' }
}
