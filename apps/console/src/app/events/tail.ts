import type { Told } from '../../tail.ts'
import { type Entry, entryOf, type FeedEvent } from './event.ts'

/** What the list shows of a tail. */
export interface Shown {
  /** Newest first. */
  readonly entries: readonly Entry[]
  /** Entries that came while it was held. */
  readonly waiting: number
  readonly state: 'connecting' | 'live' | 'broken'
  /** Events listed, and positions said to be passed over, since it began. */
  readonly listed: number
  readonly passedOver: number
  readonly trouble?: string
}

/** Entries kept, of those shown and of those that wait: what a page can hold. */
export const most = 1_000
const drawEveryMs = 250

/**
 * Follows the landscape's logs. Every position of a log between the first and the last it heard of is an event listed, or said to be
 * passed over; what leaves the waiting room of a held list is said as well.
 */
export class Tail {
  readonly #url: string
  #source: EventSource | undefined
  readonly #listeners = new Set<() => void>()
  #shown: Shown = { entries: [], waiting: 0, state: 'connecting', listed: 0, passedOver: 0 }
  #arrived: Entry[] = []
  #held = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(query: URLSearchParams) {
    this.#url = `/tail?${query}`
  }

  /** Connected while somebody listens. */
  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    this.#source ??= this.#connect()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#disconnect()
    }
  }

  shown = (): Shown => this.#shown

  /** Nothing moves while it is held. */
  hold(held: boolean): void {
    if (this.#held === held) return
    this.#held = held
    this.#draw()
  }

  take(told: Told): void {
    if (told.kind === 'trouble') return this.#show({ trouble: told.sentence })
    if (told.kind === 'services') return this.#show({ state: 'live' })
    if (told.kind === 'page') {
      for (const event of told.events) this.#arrived.push(entryOf(told.service, event as FeedEvent))
      this.#count(told.events.length, 0)
    } else {
      const { service, from, to } = told
      this.#arrived.push({
        kind: 'skipped',
        key: `${service}/${from}-${to}`,
        service,
        from,
        to,
        at: new Date().toISOString(),
      })
      this.#count(0, to - from + 1)
    }
    if (this.#held && this.#arrived.length > most) this.#makeRoom()
    this.#timer ??= setTimeout(() => this.#draw(), drawEveryMs)
  }

  #connect(): EventSource {
    const source = new EventSource(this.#url)
    source.onopen = () => this.#show({ state: 'live' })
    source.onerror = () => this.#show({ state: 'broken' })
    source.onmessage = ({ data }) => this.take(JSON.parse(data) as Told)
    return source
  }

  #disconnect(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#source?.close()
    this.#source = undefined
  }

  #count(listed: number, passedOver: number): void {
    this.#shown = {
      ...this.#shown,
      listed: this.#shown.listed + listed,
      passedOver: this.#shown.passedOver + passedOver,
    }
  }

  /** The oldest that wait leave; what they were is said, by service and positions. */
  #makeRoom(): void {
    const waiting = this.#arrived.sort(byTime)
    const leaving = waiting.splice(0, waiting.length - most / 2)
    const gone = new Map<string, { from: number; to: number; at: string }>()
    for (const entry of leaving) {
      const [from, to] = entry.kind === 'event' ? [entry.event.position, entry.event.position] : [entry.from, entry.to]
      const known = gone.get(entry.service)
      gone.set(entry.service, {
        from: Math.min(known?.from ?? from, from),
        to: Math.max(known?.to ?? to, to),
        at: entry.at,
      })
    }
    const left = [...gone].map(([service, { from, to, at }]): Entry => ({
      kind: 'skipped',
      key: `${service}/${from}-${to}`,
      service,
      from,
      to,
      at,
    }))
    const events = leaving.filter(({ kind }) => kind === 'event').length
    this.#count(-events, events)
    this.#arrived = [...left, ...waiting]
  }

  #draw(): void {
    this.#timer = undefined
    // A list that is held from the start shows what there is.
    if (this.#held && this.#shown.entries.length > 0) return this.#show({ waiting: this.#arrived.length })
    if (this.#arrived.length === 0) return this.#show({ waiting: 0 })
    const newest = this.#arrived.sort(byTime).reverse()
    this.#arrived = []
    this.#show({ entries: merged(newest, this.#shown.entries).slice(0, most), waiting: 0 })
  }

  #show(change: Partial<Shown>): void {
    this.#shown = { ...this.#shown, ...change }
    for (const listener of this.#listeners) listener()
  }
}

const byTime = (a: Entry, b: Entry): number => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)

/** Two lists, newest first, as one. What came again after a lost connection is there once. */
function merged(newer: readonly Entry[], older: readonly Entry[]): Entry[] {
  const known = new Set<string>()
  const entries: Entry[] = []
  for (let i = 0, j = 0; i < newer.length || j < older.length;) {
    const takesOlder = i === newer.length || (j < older.length && older[j]!.at > newer[i]!.at)
    const entry = takesOlder ? older[j++]! : newer[i++]!
    if (!known.has(entry.key)) entries.push(entry)
    known.add(entry.key)
  }
  return entries
}
