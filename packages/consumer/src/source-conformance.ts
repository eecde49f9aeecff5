import { LogForked } from '@headwater/feed'
import { orderingKey } from './ordering-key.ts'
import { slotOf, SLOTS } from './slot.ts'
import type { Cursor, ReadRequest, Source, SourceEvent, SourcePage } from './source.ts'

/** A service `orders` with the published types `Placed` and `Paid`, and a source over it, for one case. */
export interface SourceWorld {
  readonly source: Source
  /** Appends to the log; answers its last position. */
  append(events: readonly { type: 'Placed' | 'Paid'; stream: string; data: unknown }[]): Promise<number>
  /** Goes on as another lineage from a position; absent where the world cannot. */
  fork?(at: number): Promise<void>
  close(): Promise<void>
}

export interface SourceCase {
  readonly name: string
  /** Rejects when the source does not keep to the contract. */
  run(world: SourceWorld): Promise<void>
}

const types = ['Placed', 'Paid']
const service = 'orders'

/** What every `Source` must do, whatever carries the events: run each case over a world of its own. */
export const sourceCases: readonly SourceCase[] = [
  {
    name: 'gives every event from the start once, each key in order, in pages that join',
    async run(world) {
      const last = await append(world, 250)
      const { events } = await readTo(world.source, { after: 'start' }, last)
      same(sorted(events), upTo(last))
    },
  },
  {
    name: 'gives the envelope and the data as they were appended',
    async run(world) {
      const data = { amount: 12, note: 'Ünïcödé 🏦 "quoted" \\ ', nested: [null, { deep: true }] }
      const last = await world.append([{ type: 'Paid', stream: 'order-7', data }])
      const { events } = await readTo(world.source, { after: 'start' }, last)
      const [event] = events as [SourceEvent]
      same([event.type, event.stream, event.position, event.data], ['Paid', 'order-7', last, data])
      same(JSON.parse(event.text).id, event.id)
      if (Number.isNaN(Date.parse(event.recordedAt))) throw new Error(`Expected a time, got ${event.recordedAt}.`)
    },
  },
  {
    name: 'goes on after a cursor, with exactly what lies behind it',
    async run(world) {
      await append(world, 60)
      const first = await readTo(world.source, { after: 'start' }, 60)
      const last = await append(world, 40)
      const cursor = cursorAt(first, 30)
      const { events } = await readTo(world.source, { after: cursor, positions: allAt(30) }, last)
      same(sorted(events), upTo(last).slice(30))
    },
  },
  {
    name: 'gives only the types asked for, and speaks for the positions between',
    async run(world) {
      const last = await append(world, 41)
      const { events } = await readTo(world.source, { after: 'start', types: ['Paid'] }, last)
      same(
        sorted(events),
        upTo(last).filter((position) => typeAt(position) === 'Paid'),
      )
    },
  },
  {
    name: 'says at once where the end is, and waits there for what comes',
    async run(world) {
      await append(world, 20)
      const reading = read(world.source, { after: 'end' })
      const first = await reading.next()
      if (first.done === true) throw new Error('Expected a page that says where the end is, got none.')
      same([first.value.from, first.value.events.length], [21, 0])
      await append(world, 5)
      const seen: number[] = []
      while (seen.length < 5)
        seen.push(...(await reading.next()).value!.events.map(({ position }: SourceEvent) => position))
      same(
        [...seen].sort((a, b) => a - b),
        [21, 22, 23, 24, 25],
      )
      await reading.stop()
    },
  },
  {
    name: 'ends without an error when it is told to stop while it waits',
    async run(world) {
      await append(world, 3)
      const reading = read(world.source, { after: 'start' })
      let to = 0
      while (to < 3) to = (await reading.next()).value!.to
      const waiting = reading.next()
      reading.abort()
      for (let next = await waiting; next.done !== true;) next = await reading.next()
    },
  },
  {
    name: 'reads for several at a time, each from its own place',
    async run(world) {
      const last = await append(world, 80)
      const reads = await Promise.all([1, 2, 3].map(() => readTo(world.source, { after: 'start' }, last)))
      for (const { events } of reads) same(sorted(events), upTo(last))
    },
  },
  {
    name: 'finds the last event before a time, or none',
    async run({ source, ...world }) {
      if (source.before === undefined) return
      const last = await append(world, 10)
      const { signal } = new AbortController()
      same(await source.before({ service, time: '2000-01-01T00:00:00Z', signal }), undefined)
      same((await source.before({ service, time: '2999-01-01T00:00:00Z', signal }))?.position, last)
    },
  },
  {
    name: 'goes on from a cursor at or before a fork, under the new name',
    async run(world) {
      if (world.fork === undefined) return
      const before = await append(world, 30)
      const first = await readTo(world.source, { after: 'start' }, before)
      await world.fork(20)
      const last = await append(world, 15)
      const { events, log } = await readTo(world.source, { after: cursorAt(first, 20), positions: allAt(20) }, last)
      same(sorted(events), upTo(last).slice(20))
      if (log === first.log) throw new Error('Expected the new lineage, got the one before the fork.')
    },
  },
  {
    name: 'refuses a cursor beyond a fork, with the place to go on from',
    async run(world) {
      if (world.fork === undefined) return
      const before = await append(world, 30)
      const first = await readTo(world.source, { after: 'start' }, before)
      await world.fork(20)
      await append(world, 15)
      const refused = await readTo(world.source, { after: cursorAt(first, 25), positions: allAt(25) }, 35).catch(
        (error) => error,
      )
      if (!(refused instanceof LogForked)) throw new Error(`Expected LogForked, got ${String(refused)}.`)
      same([refused.fork.position, refused.fork.id], [20, cursorAt(first, 20).id])
    },
  },
]

/** Every third event is `Paid`. */
const typeAt = (position: number): 'Placed' | 'Paid' => (position % 3 === 0 ? 'Paid' : 'Placed')

async function append(world: Pick<SourceWorld, 'append'>, count: number): Promise<number> {
  let last = await world.append([])
  const events = Array.from({ length: count }, (_, i) => {
    const position = last + i + 1
    return { type: typeAt(position), stream: `order-${position % 13}`, data: { amount: position } }
  })
  last = await world.append(events)
  return last
}

interface Seen {
  readonly log: string
  readonly events: SourceEvent[]
}

/** Reads until every slot is at a position; checks that the pages of each slot join and that its events come in order. */
async function readTo(source: Source, request: Partial<ReadRequest>, position: number): Promise<Seen> {
  const reading = read(source, request)
  const begin = typeof request.after === 'object' ? request.after.position : 0
  const at = Array.from({ length: SLOTS }, () => begin)
  const events: SourceEvent[] = []
  let log = ''
  while (at.some((slot) => slot < position)) {
    const next = await reading.next()
    if (next.done === true) throw new Error(`Expected pages up to ${position}, got the end at ${Math.min(...at)}.`)
    log = next.value.log
    events.push(...take(next.value, at))
  }
  await reading.stop()
  return { log, events }
}

function take({ from, to, events, slots }: SourcePage, at: number[]): readonly SourceEvent[] {
  const fresh: SourceEvent[] = []
  const covered = slots === undefined ? at.keys() : slots
  const joined = new Set([...covered].filter((slot) => from <= at[slot]! + 1))
  if (slots === undefined && joined.size < at.length) {
    throw new Error(`Expected a page that joins ${Math.min(...at)}, got ${from}..${to}.`)
  }
  let before = 0
  for (const event of events) {
    const slot = slotOf(orderingKey(event))
    if (event.position < from || event.position > to || event.position <= before) {
      throw new Error(`Expected positions between ${from} and ${to}, in order, got ${event.position} after ${before}.`)
    }
    if (slots?.has(slot) === false)
      throw new Error(`Expected slots of the page only, got ${slot} at ${event.position}.`)
    before = event.position
    if (joined.has(slot) && event.position > at[slot]!) fresh.push(event)
  }
  for (const slot of joined) at[slot] = Math.max(at[slot]!, to)
  return fresh
}

function read(source: Source, request: Partial<ReadRequest>) {
  const stopping = new AbortController()
  const pages = source
    .read({ service, types, after: 'start', ...request, signal: stopping.signal })
    [Symbol.asyncIterator]()
  return {
    next: () => pages.next(),
    abort: () => stopping.abort(),
    async stop(): Promise<void> {
      stopping.abort()
      await pages.return?.()
    },
  }
}

function cursorAt({ log, events }: Seen, position: number): Cursor {
  return { log, position, id: events.find((event) => event.position === position)!.id }
}

const allAt = (position: number): Map<number, number> =>
  new Map(Array.from({ length: SLOTS }, (_, slot) => [slot, position]))
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)
const sorted = (events: readonly SourceEvent[]): number[] =>
  events.map(({ position }) => position).sort((a, b) => a - b)

function same(got: unknown, expected: unknown): void {
  const [gotText, expectedText] = [JSON.stringify(got), JSON.stringify(expected)]
  if (gotText !== expectedText) throw new Error(`Expected ${expectedText}, got ${gotText}.`)
}
