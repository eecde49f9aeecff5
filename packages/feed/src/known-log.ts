import type { Lineage, Log } from './log.ts'
import { type Bounds, ShownLines } from './shown-lines.ts'
import type { View } from './view.ts'

/** What a view shows of the positions `from`..`to`; empty when `to` is `from - 1`. */
export interface Range {
  readonly from: number
  readonly to: number
  /** Id of the event at `to`, shown or not; '' for position 0. */
  readonly id: string
  readonly count: number
  /** The events, each ended by a line feed. */
  readonly bytes: Buffer
  /** Position of the last event shown at or before `to`. */
  readonly lastShown: number
}

export interface Wanted {
  readonly after: number
  readonly upTo: number
  readonly bounds: Bounds
}

/** How long what is remembered is used without asking whether the log is still the same one. */
const trustMs = 2_000
const mostIds = 20_000
/** Positions. */
const shortRest = 2_000
const mostRangeBytes = 16 << 20

/**
 * A log, and what this process remembers of it. Stored events never change, so ids and ranges may be remembered for ever, unless
 * the log becomes another one under our feet (a backup restored, a replica promoted). So the last event ever seen is a witness: every
 * two seconds, when asked at all, its id is looked up again, and when it differs everything is forgotten and `generation` moves.
 */
export class KnownLog {
  readonly log: Log
  generation = 0
  readonly #now: () => number
  #highest = 0
  #witness = { position: 0, id: '', checkedAt: -Infinity }
  #checking: Promise<void> | undefined
  #lineage: Promise<readonly Lineage[]> | undefined
  readonly #ids = new Map<number, string>()
  readonly #shownBefore = new Map<string, number>()
  readonly #ranges = new Map<string, Promise<Range>>()
  #rangeBytes = 0

  /** @param now milliseconds of a clock that never goes back. */
  constructor(log: Log, now: () => number) {
    this.log = log
    this.#now = now
  }

  /** To be awaited before anything remembered is used; costs a query every two seconds at most. */
  async check(): Promise<void> {
    if (this.#now() - this.#witness.checkedAt < trustMs) return
    this.#checking ??= this.#ask().finally(() => (this.#checking = undefined))
    await this.#checking
  }

  /** After an error of the log: the next use of anything remembered asks first. */
  doubt(): void {
    this.#witness.checkedAt = -Infinity
  }

  async #ask(): Promise<void> {
    const { position, id } = this.#witness
    const startedAt = this.#now()
    const lineage = this.log.lineage()
    const [newest, seen] = await Promise.all([lineage, position === 0 ? '' : this.log.idAt(position)])
    const before = await this.#lineage
    if (seen !== id || (before !== undefined && before[0]?.log !== newest[0]?.log)) this.#forget()
    this.#lineage = lineage
    this.#witness.checkedAt = startedAt
  }

  #forget(): void {
    this.generation++
    this.#witness = { position: 0, id: '', checkedAt: -Infinity }
    for (const remembered of [this.#ids, this.#shownBefore, this.#ranges]) remembered.clear()
    this.#rangeBytes = 0
    this.#highest = 0
  }

  /** Newest first, as of the last check. */
  async lineage(): Promise<readonly Lineage[]> {
    if (this.#lineage === undefined) await this.check()
    return this.#lineage!
  }

  /** Position of the last event this process has seen. */
  get seen(): number {
    return this.#witness.position
  }

  /** Position of the last event, as far as this process has heard. */
  get highest(): number {
    return Math.max(this.#highest, this.#witness.position)
  }

  /** Position of the last event, asked anew. */
  async last(): Promise<number> {
    const { position } = this.#witness
    return this.#heard(await this.log.last(), position)
  }

  /** As the log's `waitFor`. */
  async waitFor(after: number, options: { waitMs: number; signal: AbortSignal }): Promise<number> {
    const { position } = this.#witness
    return this.#heard(await this.log.waitFor(after, options), position)
  }

  #heard(last: number, seenBefore: number): number {
    if (last < seenBefore) this.#forget() // a log never shrinks: this is another one
    this.#highest = Math.max(this.#highest, last)
    return last
  }

  /** Id of the event at a position; '' for 0, undefined beyond the end. */
  async idAt(position: number): Promise<string | undefined> {
    if (position === 0) return ''
    const known = this.#ids.get(position)
    if (known !== undefined) return known
    const generation = this.generation
    const id = await this.log.idAt(position)
    if (id !== undefined && generation === this.generation) this.#learn(position, id)
    return id
  }

  #learn(position: number, id: string): void {
    if (this.#ids.size >= mostIds) this.#ids.delete(this.#ids.keys().next().value!)
    this.#ids.set(position, id)
    if (position > this.#witness.position) this.#witness = { ...this.#witness, position, id }
  }

  /** What a view shows of a range, read once for all who ask for the same near the end of the log. */
  range(view: View, wanted: Wanted): Promise<Range> {
    // History is read by few and is large: what waiting readers share is the end.
    if (wanted.upTo < this.seen - 1_000 || wanted.upTo === wanted.after) return this.#read(view, wanted)
    const key = `${view.hash} ${wanted.after} ${wanted.upTo} ${wanted.bounds.events} ${wanted.bounds.bytes}`
    const found = this.#ranges.get(key)
    if (found !== undefined) return found
    const reading = this.#read(view, wanted)
    this.#ranges.set(key, reading)
    reading.then(
      ({ bytes }) => this.#makeRoom((this.#rangeBytes += bytes.length + 200)),
      () => this.#ranges.delete(key),
    )
    return reading
  }

  #makeRoom(used: number): void {
    if (used < mostRangeBytes) return
    this.#ranges.clear()
    this.#rangeBytes = 0
  }

  async #read(view: View, { after, upTo, bounds }: Wanted): Promise<Range> {
    const generation = this.generation
    const lines = new ShownLines(view, await this.#lastShown(view, after), bounds)
    if (upTo > after) {
      const types = view.types === undefined ? {} : { types: view.types }
      for await (const chunk of this.log.copy({ after, upTo, ...types })) {
        lines.take(chunk)
        // Giving up a COPY costs its connection; a short rest is read to its end instead.
        if (lines.full && upTo - lines.lastPosition > shortRest) break
      }
    }
    const to = lines.full ? lines.lastPosition : Math.max(upTo, after)
    const id = lines.count > 0 && to === lines.lastPosition ? lines.lastId() : await this.idAt(to)
    if (id === undefined) throw new Error(`Expected an event at position ${to} of the log, got none.`)
    if (generation === this.generation && to > 0) {
      this.#learn(to, id)
      this.#shownBefore.set(`${view.hash} ${to}`, lines.lastPosition)
      if (this.#shownBefore.size > mostIds) this.#shownBefore.delete(this.#shownBefore.keys().next().value!)
    }
    return { from: after + 1, to, id, count: lines.count, bytes: lines.bytes(), lastShown: lines.lastPosition }
  }

  async #lastShown({ hash, whole, types }: View, position: number): Promise<number> {
    if (position === 0 || !whole) return 0
    if (types === undefined) return position
    return this.#shownBefore.get(`${hash} ${position}`) ?? (await this.log.lastOf(types, position))
  }
}
