import { LogForked } from '@headwater/feed'
import type { Budget } from './budget.ts'
import type { Clock } from './clock.ts'
import { consumedEvent, type ConsumedService, type Consumer } from './consumer.ts'
import { backOffMs, Fatal, judge } from './failure.ts'
import type { Held, Holdings } from './holding.ts'
import type { Lane } from './lane.ts'
import type { Lineage } from './lineage.ts'
import type { Meter } from './meter.ts'
import { slotOf } from './slot.ts'
import type { Cursor, Source, SourceEvent, SourcePage } from './source.ts'

/** A source that was asked anew is given this long to answer. */
const answeredMs = 5_000

export interface ReaderOptions {
  readonly consumer: Consumer
  readonly source: Source
  readonly holdings: Holdings
  readonly lanes: readonly Lane[]
  readonly budget: Budget
  readonly lineage: Lineage
  readonly clock: Clock
  readonly random: () => number
  readonly meter: Meter
  /** Aborts when reading ends. */
  readonly signal: AbortSignal
}

/** The source left out positions; read again, and say so. */
export class SourceGap extends Error {
  readonly code = 'HW_SOURCE_GAP'
  constructor(source: string, service: string, { from, to }: SourcePage, read: number) {
    super(
      `Expected ${source} to go on after position ${read} of ${service}, got a page ${from}..${to}: the positions between would be skipped. Nothing of it was handled; check the feed and what lies between.`,
    )
  }
}

/** The source gave another published version than the one asked for. */
export class OtherVersion extends Fatal {
  override readonly code = 'HW_OTHER_VERSION'
  constructor(source: string, service: string, { type, schemaVersion, position }: SourceEvent, wanted: number) {
    super(
      `Expected ${type} of ${service} in published version ${wanted}, as its facts say (reads), got version ${schemaVersion} at position ${position} of ${source}. Nothing of that page was handled; read the feed, which serves each version, or pull the contract of what is there.`,
    )
  }
}

/** Reads one service's events and gives each to the lane of its slot; what is not held here is left to others. */
export class Reader {
  readonly #on: ReaderOptions
  readonly #of: ConsumedService
  #page = 0
  #round: AbortController | undefined
  #slotsWanted: (() => void) | undefined
  /** The page that was the last one when the source was asked anew, and when that was. */
  #nudged = { page: -1, at: 0 }
  /** Last position read, and whether anything lay beyond it then. */
  read = 0
  atEnd = false

  constructor(on: ReaderOptions, of: ConsumedService) {
    this.#on = on
    this.#of = of
    on.signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** Slots were taken: begins anew when one has read less than this reader, or lies where it does not read (a partition). */
  taken(): void {
    const least = this.#on.holdings.leastRead(this.#of.service)
    const inRound = this.#on.source.order !== 'key' && (least === undefined || least.read >= this.read)
    if (!inRound) this.#round?.abort()
    this.#slotsWanted?.()
  }

  /** Slots were given up all at once: what is read now is for nobody. */
  restart(): void {
    this.#wake()
  }

  /**
   * Somebody waits for a position: asks anew, since what is hidden at the end is told only after a wait. A source that takes long to
   * answer is let answer: asked anew again and again it never would.
   */
  nudge(position: number): void {
    if (!this.atEnd || this.read >= position) return
    const { page, at } = this.#nudged
    const now = this.#on.clock.now()
    if (page === this.#page && now - at < answeredMs) return
    this.#nudged = { page: this.#page, at: now }
    this.#round?.abort()
  }

  #wake(): void {
    this.#round?.abort()
    this.#slotsWanted?.()
    this.#on.budget.release()
  }

  /** Reads until the signal aborts; rejects only when going on would do harm. */
  async work(): Promise<void> {
    let troubles = 0
    while (!this.#on.signal.aborted) {
      const least = this.#on.holdings.leastRead(this.#of.service)
      if (least === undefined) {
        await new Promise<void>((resolve) => (this.#slotsWanted = resolve))
        this.#slotsWanted = undefined
        continue
      }
      const before = this.#page
      try {
        await this.#readFrom(least)
      } catch (error) {
        if (this.#page > before) troubles = 0
        await this.#recover(error, troubles++)
      }
    }
  }

  async #recover(error: unknown, troubles: number): Promise<void> {
    const { signal, meter, lineage, clock, random } = this.#on
    if (signal.aborted) return
    try {
      if (error instanceof LogForked) {
        await lineage.forked(error)
        return this.#giveUp()
      }
    } catch (again) {
      error = again
    }
    if (judge(error) === 'fatal') throw error
    meter.trouble('reading', error)
    await clock.sleep(backOffMs(troubles, random, { capMs: 5_000 }), signal)
  }

  async #readFrom(least: Held): Promise<void> {
    const { source, lineage, holdings, meter } = this.#on
    const { service, types, versions } = this.#of
    const round = new AbortController()
    this.#round = round
    const signal = AbortSignal.any([round.signal, this.#on.signal])
    this.read = least.read
    const positions = new Map(Array.from(holdings.all(service), (held) => [held.slot, held.read]))
    let readSince: number = least.read
    const onTrouble = (error: unknown): void => meter.trouble('reading', error)
    const request = { service, types, versions, signal, positions, after: this.#cursor(least), onTrouble }
    for await (const page of source.read(request)) {
      if (signal.aborted) return
      if (!(await lineage.accepts(page.log, { types, signal }))) return this.#giveUp()
      if (page.slots === undefined && page.from > readSince + 1) {
        throw new SourceGap(source.name, service, page, readSince)
      }
      this.#refuseOthers(page)
      readSince = Math.max(readSince, page.to)
      if (!(await this.#give(page, signal))) return
    }
  }

  #refuseOthers({ events }: SourcePage): void {
    const { service, versions } = this.#of
    const other = events.find(
      ({ type, schemaVersion }) => Object.hasOwn(versions, type) && versions[type] !== schemaVersion,
    )
    if (other !== undefined) throw new OtherVersion(this.#on.source.name, service, other, versions[other.type]!)
  }

  /** The log goes on under another name: every slot got a new epoch. */
  #giveUp(): void {
    this.#on.holdings.forget([...this.#on.holdings.all(this.#of.service)])
    this.#on.meter.lost()
  }

  #cursor({ read, readId }: Held): 'start' | Cursor {
    const { log } = this.#on.lineage
    return read === 0 || log === undefined ? 'start' : { log, position: read, id: readId }
  }

  /** Gives a page's events to lanes; false when slots wait that the page does not join, so that reading begins anew. */
  async #give(page: SourcePage, signal: AbortSignal): Promise<boolean> {
    const { holdings, budget, lanes, meter } = this.#on
    const { service, keyOf } = this.#of
    const serial = ++this.#page
    for (const held of holdings.all(service)) {
      const covered = page.slots === undefined || page.slots.has(held.slot)
      if (covered && !held.leaving && held.read >= page.from - 1) held.page = serial
    }
    for (const event of page.events) {
      if (budget.spent) await budget.room()
      if (signal.aborted) return false
      const key = keyOf(event)
      const held = holdings.get(service, slotOf(key))
      if (held === undefined || held.page !== serial || held.leaving || event.position <= held.read) continue
      lanes[held.slot % lanes.length]!.add({
        event: consumedEvent(event, service, page.log),
        key,
        held,
        bytes: event.text.length,
      })
    }
    return this.#finish(page, serial, meter)
  }

  #finish({ to, cursor, events, atEnd, slots }: SourcePage, serial: number, meter: Meter): boolean {
    const last = events.at(-1)
    const id = last?.position === to ? last.id : (cursor?.id ?? '')
    let joined = true
    for (const held of this.#on.holdings.all(this.#of.service)) {
      if (held.page === serial && !held.leaving && held.read < to) {
        held.read = to
        held.readId = id
      } else if (slots === undefined && !held.leaving && held.read < to) joined = false
    }
    this.read = to
    this.atEnd = atEnd
    meter.progressed()
    return joined
  }
}
