import type { ConsumedEvent } from './consumer.ts'
import type { KeptError } from './failure.ts'
import type { Held } from './holding.ts'
import type { PutAside } from './keeper.ts'

/** What was decided about an event that failed. */
export interface Verdict {
  readonly state: 'retrying' | 'poison'
  readonly attempts: number
  readonly delayMs: number
  readonly error: KeptError
}

/** An event on its way through a lane. */
export interface Item {
  readonly event: ConsumedEvent
  readonly key: string
  readonly held: Held
  /** UTF-16 units of its text: what it takes of the budget. */
  readonly bytes: number
  verdict?: Verdict
}

export function isReplay({ event, held }: Item): boolean {
  return event.position <= held.replayUntil
}

export function asideOf({ event, key, held, verdict }: Item): PutAside {
  return {
    service: event.service,
    slot: held.slot,
    position: event.position,
    key,
    eventId: event.id,
    type: event.type,
    event: JSON.stringify(event),
    state: verdict?.state ?? 'behind',
    attempts: verdict?.attempts ?? 0,
    delayMs: verdict?.delayMs ?? 0,
    ...(verdict === undefined ? {} : { error: verdict.error }),
  }
}
