import { events } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { eventsTable, type TableEvent } from '../test/events-table.ts'
import { accumulate } from './accumulate.ts'
import { allocationOf, assign, count, experiment, refusals } from './index.ts'
import { timeAt } from './moment.ts'
import { observe } from './observe.ts'

const facts = events('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up is refused no more often.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  primary: count(facts.Saved, { within: '1d' }),
  guardrails: [refusals(facts, { action: 'save', mayRise: '1pp' })],
  decide: { after: '1d', by: '2027-02-01' },
})

const [start, second] = [Date.parse('2027-01-01T00:00:00Z') * 1000, 1_000_000]
const log: TableEvent[] = [
  { service: 'pots', position: 1, type: 'AllocationAdopted', time: start, data: allocationOf(roundUps) },
]
/** A request as its append has it: itself, whom it exposed, and what came of it. */
function request(n: number, unit: string | undefined, action: string, refused?: string) {
  const add = (type: string, data: unknown) =>
    log.push({
      service: 'pots',
      position: log.length + 1,
      type,
      data,
      time: start + n * second,
      causationId: `r${n}`,
    })
  add('RequestReceived', { action, caller: 'ada', ...(refused === undefined ? {} : { refused }) })
  if (unit !== undefined) {
    const { variant } = assign(roundUps, unit)
    add('ExperimentExposed', { experiment: 'round-ups', unit, variant, allocation: 1, request: `r${n}` })
  }
}
const units = Array.from({ length: 40 }, (_, i) => `c${i}`)
const of = (variant: string) => units.filter((unit) => assign(roundUps, unit).variant === variant)
const [[ann, bob], [cyd, dan]] = [of('plain'), of('rounded')] as [string[], string[]] as any

it('counts who was refused, by the variant the request was met with', async () => {
  request(1, ann, 'save')
  request(2, ann, 'save', 'pot-closed')
  request(3, ann, 'save', 'pot-closed')
  request(4, bob, 'save')
  request(5, cyd, 'save', 'pot-closed')
  request(6, dan, 'close', 'not-open')
  // Refused before a variant was asked for: nobody's.
  request(7, undefined, 'save', 'pot-closed')
  request(200_000, undefined, 'save')
  const table = await eventsTable(log)
  const bySql = await observe(roundUps, { query: table.query })
  table.close()
  const sums = accumulate(roundUps, ['pots'])
  sums.take({
    service: 'pots',
    to: log.length,
    events: log.map((event) => ({
      ...event,
      stream: 's',
      causationId: event.causationId ?? 'start',
      recordedAt: timeAt(event.time),
    })),
  })
  const refused = bySql.metrics.find(({ name }) => name === 'share with save refused')!
  expect(refused.variants).toMatchObject({
    plain: { maturing: 0, sums: { n: '2', successes: '1' } },
    rounded: { maturing: 0, sums: { n: '2', successes: '1' } },
  })
  expect(JSON.stringify(sums.observe())).toBe(JSON.stringify(bySql))
})
