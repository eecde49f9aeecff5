import type { Consumer, ParkedEvent, ParkedEvents } from '@headwater/consumer'
import { problem } from '@headwater/hypermedia'
import { membersOf } from './members.ts'
import type { Running } from './running.ts'

/** A consumer that sets more keys aside than this, in one process, has other trouble: by default it stops at it. */
const mostFronts = 1_000

/** Events a consumer put aside, and a person's word on them: `{"retry": true}`, or `{"skip": id, "service": …, "reason": …}`. */
export async function parked(running: Running, { name: consumer }: Consumer, request: Request): Promise<Response> {
  const events = running.keeper.parked
  if (request.method === 'GET') return Response.json({ consumer, parked: await waiting(events, consumer) })
  const said = await membersOf(request)
  if (said.retry === true) return Response.json({ consumer, asked: 'retry', keys: await events.retry(consumer) })
  const { skip: eventId, service, reason } = said
  if (typeof eventId !== 'string' || typeof service !== 'string' || typeof reason !== 'string' || reason === '') {
    return problem(400, {
      code: 'HW_PARKED_ASKED',
      detail:
        'Expected {"retry": true}, or {"skip": "an event’s id", "service": "whose event", "reason": "why it is left out"}.',
    })
  }
  const outcome = await events.skip(consumer, { service, eventId, reason })
  if (outcome === 'asked') return Response.json({ consumer, asked: 'skip', event: eventId })
  return problem(outcome === 'unknown' ? 404 : 409, {
    code: 'HW_PARKED_ASKED',
    detail:
      outcome === 'unknown'
        ? `Expected an event of ${service} that ${consumer} put aside, got ${eventId}.`
        : `Expected the first parked event of its key, got ${eventId}, which waits behind another. Decide on that one first.`,
  })
}

/** Oldest first: the one in front of each key, which is to be decided on, however many wait behind others; of these the first hundred. */
async function waiting({ list }: ParkedEvents, consumer: string): Promise<ParkedEvent[]> {
  const fronts = (['poison', 'retrying', 'ready'] as const).map((state) => list(consumer, { state, limit: mostFronts }))
  const all = (await Promise.all([...fronts, list(consumer, { state: 'behind' })])).flat()
  return all.sort((a, b) => a.position - b.position || (a.service < b.service ? -1 : 1))
}
