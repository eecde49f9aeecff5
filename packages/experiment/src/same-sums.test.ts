import fc from 'fast-check'
import { expect, it } from 'vitest'
import { eventsTable, type TableEvent } from '../test/events-table.ts'
import { adopted, everything } from '../test/everything.ts'
import { accumulate } from './accumulate.ts'
import { timeAt } from './moment.ts'
import { observe } from './observe.ts'

const start = 1_800_000_000_000_000
const unit = fc.integer({ min: 1, max: 6 }).map((n) => `c${n}`)
const stream = fc.integer({ min: 1, max: 4 }).map((n) => `pot-${n}`)
const exposed = fc.record({
  unit,
  variant: fc.constantFrom('plain', 'rounded'),
  allocation: fc.integer({ min: 1, max: 5 }),
})
const happening = fc.oneof(
  { weight: 3, arbitrary: exposed.map((data) => ['ExperimentExposed', { experiment: 'round-ups', ...data }]) },
  { weight: 1, arbitrary: exposed.map((data) => ['ExperimentExposed', { experiment: 'other', ...data }]) },
  {
    weight: 1,
    arbitrary: unit.map((whose) => [
      'VariantSeen',
      { experiment: 'round-ups', unit: whose, what: 'seen', variant: 'plain' },
    ]),
  },
  { weight: 2, arbitrary: unit.map((customerId) => ['PotOpened', { customerId }]) },
  {
    weight: 5,
    arbitrary: fc
      .record({ customerId: unit, amountMinor: fc.integer({ min: -9, max: 30 }) })
      .map((data) => ['Saved', data]),
  },
  { weight: 3, arbitrary: fc.constantFrom('gone', 'moved').map((reason) => ['PotClosed', { reason }]) },
  {
    weight: 4,
    arbitrary: fc
      .record({
        customerId: unit,
        amount: fc.integer({ min: 0, max: 999 }).map((n) => (n % 60 === 0 ? (n + 1) / 1000 : n / 100)),
      })
      .map((data) => ['Paid', data]),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ action: fc.constantFrom('save', 'close'), refused: fc.constantFrom('full', 'full', undefined) })
      .map((data) => ['RequestReceived', data]),
  },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 4, 5).map((version) => ['AllocationAdopted', adopted(version)]) },
)
/** A log: what happens, how long after the one before (often at the same moment), and by which cause. */
const log = fc.array(
  fc.record({
    happening,
    stream,
    afterMicros: fc.constantFrom(0, 0, 500_000, 1_000_000, 2_000_000),
    cause: fc.integer({ min: 1, max: 12 }),
  }),
  { maxLength: 60 },
)

const logOf = (
  service: string,
  said: readonly { happening: unknown; stream: string; afterMicros: number; cause: number }[],
): TableEvent[] => {
  let time = start
  return said.map(({ happening: what, stream: of, afterMicros, cause }, index) => {
    time += afterMicros
    const [type, data] = what as [string, unknown]
    return { service, position: index + 1, type, data, stream: of, time, causationId: `cause-${cause}` }
  })
}

it('gives the same bytes from SQL and from events as they come, in any batches, with adoptions and ends anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(
      log,
      log,
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      fc.option(fc.integer({ min: 0, max: 40 })),
      async (a, b, sizes, seconds) => {
        // A first adoption, so that most histories have an era.
        const first = { happening: ['AllocationAdopted', adopted(1)], stream: 's', afterMicros: 0, cause: 99 }
        const logs = { pots: logOf('pots', [first, ...a]), cards: logOf('cards', [first, ...b]) }
        const at = seconds === null ? {} : { time: timeAt(start + seconds * 1_000_000) }
        const table = await eventsTable([...logs.pots, ...logs.cards])
        const bySql = await observe(everything, { query: table.query, at })
        table.close()
        expect(JSON.stringify(accumulated(logs, sizes, at))).toBe(JSON.stringify(bySql))
      },
    ),
    { numRuns: 25, endOnFailure: true },
  )
})

/** Feeds both logs in pages of changing sizes, observing in between whenever something can be. */
function accumulated(logs: Record<string, TableEvent[]>, sizes: Iterator<number>, at: { time?: string }) {
  const sums = accumulate(everything, Object.keys(logs))
  const rest = Object.entries(logs).map(([service, list]) => ({ service, list: [...list] }))
  while (rest.some(({ list }) => list.length > 0)) {
    for (const { service, list } of rest) {
      const page = list.splice(0, sizes.next().value as number)
      if (page.length === 0) continue
      const taken = page.map((event) => ({
        ...event,
        stream: event.stream!,
        causationId: event.causationId!,
        recordedAt: timeAt(event.time),
      }))
      sums.take({ service, to: page.at(-1)!.position, events: taken })
    }
    if (at.time === undefined) sums.observe()
  }
  return sums.observe(at)
}
