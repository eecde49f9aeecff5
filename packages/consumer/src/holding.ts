import type { HeldSlot, Move, SlotRef } from './keeper.ts'

/** A slot this process holds, as it believes; the keeper has the last word, by the epoch. */
export interface Held {
  readonly service: string
  readonly slot: number
  readonly epoch: number
  readonly replayUntil: number
  /** Checkpoint: committed. */
  position: number
  eventId: string
  /** Position of the last event given to a lane. */
  given: number
  /** All its events up to here were given to a lane; id of the event there, when known. */
  read: number
  readId: string
  /** The page it takes part in: it was held when that page began, and the page joins what it has read. */
  page: number
  /** Events in its lane. */
  pending: number
  /** To be given back: nothing new is given to a lane. */
  leaving: boolean
  /** Given up: what is still in the lane is dropped. */
  lost: boolean
  readonly parkedKeys: Set<string>
}

/** Up to where all events of a slot are committed: it may stand beyond its checkpoint when the last ones were not its own. */
export function handledOf(held: Held): { position: number; eventId: string } {
  return held.position >= held.given && held.read > held.position
    ? { position: held.read, eventId: held.readId }
    : { position: held.position, eventId: held.eventId }
}

/** The slots a process holds, by service. */
export class Holdings {
  readonly #byService = new Map<string, Map<number, Held>>()
  /** Changes with each slot taken or given up. */
  version = 0

  get(service: string, slot: number): Held | undefined {
    return this.#byService.get(service)?.get(slot)
  }

  *all(service?: string): Iterable<Held> {
    if (service !== undefined) yield* this.#byService.get(service)?.values() ?? []
    else for (const slots of this.#byService.values()) yield* slots.values()
  }

  take(slot: HeldSlot): void {
    const slots = this.#byService.get(slot.service) ?? new Map<number, Held>()
    this.#byService.set(slot.service, slots)
    this.version += 1
    slots.set(slot.slot, {
      service: slot.service,
      slot: slot.slot,
      epoch: slot.epoch,
      replayUntil: slot.replayUntil,
      position: slot.position,
      eventId: slot.eventId,
      given: slot.position,
      read: slot.position,
      readId: slot.eventId,
      page: 0,
      pending: 0,
      leaving: false,
      lost: false,
      parkedKeys: new Set(slot.parkedKeys),
    })
  }

  /** Gives up slots: their epoch no longer holds, or nobody knows whether it does. They are claimed anew if still due. */
  forget(slots: Iterable<Held>): void {
    for (const held of slots) {
      held.lost = true
      this.version += 1
      if (this.get(held.service, held.slot) === held) this.#byService.get(held.service)?.delete(held.slot)
    }
  }

  count(): { slots: number; epochs: number; parkedKeys: number; pending: number } {
    let slots = 0
    let epochs = 0
    let parkedKeys = 0
    let pending = 0
    for (const held of this.all()) {
      slots += 1
      epochs += held.epoch
      parkedKeys += held.parkedKeys.size
      pending += held.pending
    }
    return { slots, epochs, parkedKeys, pending }
  }

  /** The slot that has read least: where reading must go on. */
  leastRead(service: string): Held | undefined {
    let least: Held | undefined
    for (const held of this.all(service)) {
      if (!held.leaving && (least === undefined || held.read < least.read)) least = held
    }
    return least
  }
}

/** A slot's checkpoint as it stands. */
export function moveOf(held: Held): Move {
  return { ...placeOf(held), position: held.position, eventId: held.eventId }
}

/** A slot's checkpoint as it may be written for an idle slot. */
export function idleMoveOf(held: Held): Move {
  return { ...placeOf(held), ...handledOf(held) }
}

function placeOf({ service, slot, epoch }: Held): SlotRef & { epoch: number } {
  return { service, slot, epoch }
}

export function refsOf(slots: Iterable<Held>): SlotRef[] {
  return Array.from(slots, ({ service, slot }) => ({ service, slot }))
}
