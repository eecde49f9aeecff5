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
  /** Last position given to a lane. */
  dispatched: number
  /** Events in its lane, not yet committed. */
  pending: number
  /** To be given back: nothing new is dispatched. */
  leaving: boolean
  /** Given up: what is still in the lane is dropped. */
  lost: boolean
  readonly parkedKeys: Set<string>
}

/** The slots a process holds, by service. */
export class Holdings {
  readonly #byService = new Map<string, Map<number, Held>>()

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
    slots.set(slot.slot, {
      service: slot.service,
      slot: slot.slot,
      epoch: slot.epoch,
      replayUntil: slot.replayUntil,
      position: slot.position,
      eventId: slot.eventId,
      dispatched: slot.position,
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

  /** Where reading must begin: the least checkpoint, with its event's id. */
  least(service: string): Held | undefined {
    let least: Held | undefined
    for (const held of this.all(service)) {
      if (!held.leaving && (least === undefined || held.position < least.position)) least = held
    }
    return least
  }
}

export function moveOf(held: Held): Move {
  return {
    service: held.service,
    slot: held.slot,
    epoch: held.epoch,
    position: held.position,
    eventId: held.eventId,
  }
}

export function refsOf(slots: Iterable<Held>): SlotRef[] {
  return Array.from(slots, ({ service, slot }) => ({ service, slot }))
}
