import type { Clock } from './clock.ts'
import type { Consumer } from './consumer.ts'
import { backOffMs } from './failure.ts'
import { type Held, type Holdings, idleMoveOf, moveOf, refsOf } from './holding.ts'
import type { Beat, Keeper, SlotRef } from './keeper.ts'
import type { Lineage } from './lineage.ts'
import { shareOf } from './membership.ts'
import type { Meter } from './meter.ts'
import type { Reader } from './reader.ts'

/** While slots change hands, the keeper is asked this often. */
const handoverMs = 150
/** Idle slots are written when they are this far behind, or after this time: a restart reads that much again, in vain. */
const idlePositions = 10_000
const idleMs = 60_000

export interface LeaseOptions {
  readonly consumer: Consumer
  readonly keeper: Keeper
  readonly member: string
  readonly leaseMs: number
  readonly holdings: Holdings
  readonly readers: ReadonlyMap<string, Reader>
  readonly lineages: ReadonlyMap<string, Lineage>
  readonly clock: Clock
  readonly random: () => number
  readonly meter: Meter
  readonly signal: AbortSignal
}

/** Keeps this process a member, takes the slots that are its share, and gives back those that are not. */
export class Lease {
  readonly #on: LeaseOptions
  #wake = new AbortController()
  #settledVersion = -1
  #idleWrittenAt = 0
  /** Slots of one partition of the source go to one member. */
  partitions: number | undefined
  members = 0

  constructor(on: LeaseOptions) {
    this.#on = on
    on.signal.addEventListener('abort', () => this.poke(), { once: true })
  }

  /** Beats now. */
  poke(): void {
    this.#wake.abort()
  }

  async work(): Promise<void> {
    const { signal, clock, leaseMs, random, meter } = this.#on
    let troubles = 0
    while (!signal.aborted) {
      this.#wake = new AbortController()
      let waitMs = leaseMs / 3
      try {
        if (await this.#beat()) waitMs = handoverMs
        troubles = 0
        meter.trouble('keeping', undefined)
      } catch (error) {
        meter.trouble('keeping', error)
        waitMs = Math.min(waitMs, backOffMs(troubles++, random))
      }
      await clock.sleep(waitMs, this.#wake.signal)
    }
  }

  /** Gives everything back. */
  async leave(): Promise<void> {
    const { keeper, consumer, member, holdings } = this.#on
    await keeper.release(consumer.name, Array.from(holdings.all(), idleMoveOf))
    await keeper.leave(consumer.name, member)
    holdings.forget([...holdings.all()])
  }

  /** True while slots are changing hands. */
  async #beat(): Promise<boolean> {
    const { keeper, consumer, member, leaseMs, holdings } = this.#on
    const before = holdings.version
    const beat = await keeper.beat(consumer.name, member, leaseMs)
    this.members = beat.members.length
    if (before === this.#settledVersion && before === holdings.version) this.#check(beat)
    this.#follow(beat)
    const share = shareOf(member, beat.members, consumer.options.order ?? 'key', this.partitions)
    const left = await this.#giveBack(share)
    const missing = await this.#claim(share)
    await this.#writeIdle(beat)
    this.#settledVersion = holdings.version
    return left || missing
  }

  /** Somebody set slots elsewhere (a rewind, a fork, an assignment): what this process believes is old. */
  #check({ slots, epochs }: Beat): void {
    const { holdings, readers } = this.#on
    const believed = holdings.count()
    if (believed.slots === slots && believed.epochs === epochs) return
    holdings.forget([...holdings.all()])
    for (const reader of readers.values()) reader.restart()
  }

  #follow({ logs }: Beat): void {
    for (const { service, log } of logs) {
      const lineage = this.#on.lineages.get(service)
      if (lineage === undefined || log === undefined || lineage.log === log) continue
      this.#on.readers.get(service)?.restart()
      lineage.log = log
    }
  }

  async #giveBack(share: ReadonlySet<number>): Promise<boolean> {
    const { keeper, consumer, holdings } = this.#on
    // Once leaving, always leaving: what waited in its lane was dropped. If it is due again it is claimed again.
    const leaving = Array.from(holdings.all()).filter(({ slot, leaving: before }) => before || !share.has(slot))
    for (const held of leaving) held.leaving = true
    const ready = leaving.filter(({ pending }) => pending === 0)
    if (ready.length > 0) {
      await keeper.release(consumer.name, ready.map(moveOf))
      holdings.forget(ready)
    }
    return ready.length < leaving.length
  }

  async #claim(share: ReadonlySet<number>): Promise<boolean> {
    const { keeper, consumer, member, holdings, readers } = this.#on
    const due = share.size * consumer.services.length
    const held = [...holdings.all()]
    if (held.length >= due) return false
    const claimed = await keeper.claim(consumer.name, member, [...share], refsOf(held))
    for (const slot of claimed) holdings.take(slot)
    if (claimed.length > 0) for (const reader of readers.values()) reader.taken()
    return held.length + claimed.length < due
  }

  /** Checkpoints of slots that had no events of their own for long. */
  async #writeIdle({ logs }: Beat): Promise<void> {
    const { keeper, consumer, holdings, clock } = this.#on
    const wanted = new Map(logs.map((log) => [log.service, log.wanted]))
    const late = clock.now() - this.#idleWrittenAt >= idleMs
    const written: [Held, ReturnType<typeof idleMoveOf>][] = []
    for (const held of holdings.all()) {
      const move = idleMoveOf(held)
      const behind = move.position - held.position
      const asked = held.position < (wanted.get(held.service) ?? 0)
      if (behind > 0 && !held.leaving && (late || asked || behind >= idlePositions)) written.push([held, move])
    }
    if (late) this.#idleWrittenAt = clock.now()
    const moves = written.map(([, move]) => move)
    const moved = new Set((await keeper.advance(consumer.name, moves)).map(nameOf))
    // A slot that was locked by a transaction was left: it is tried with the next beat.
    for (const [held, { position, eventId }] of written) {
      if (moved.has(nameOf(held)) && held.position < position) Object.assign(held, { position, eventId })
    }
  }
}

function nameOf({ service, slot }: SlotRef): string {
  return `${service} ${slot}`
}
