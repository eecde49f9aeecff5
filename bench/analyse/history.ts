import { events } from '@headwater/contract'
import { allocationOf, count, experiment, share, sum } from '@headwater/experiment'
import type { AccumulatedEvent } from '@headwater/experiment/analysis'
import { z } from 'zod'

const facts = events('pots', {
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }) },
  Visited: { data: z.object({ customerId: z.string() }) },
})
export const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up makes customers save 5 % more.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  primary: sum(facts.Saved, 'amountMinor', { within: '7d' }),
  secondary: [count(facts.Saved, { within: '7d' })],
  guardrails: [share(facts.Visited, { within: '7d', mayFall: '5pp' })],
  decide: { after: '14d', by: '2099-01-01' },
})

const start = Date.UTC(2027, 0, 1) * 1000
const sixtyDays = 60 * 86_400_000_000

/** Sixty days of one log: an exposure in ten events, six savings by somebody exposed before, three visits; the same from arithmetic here and in SQL. */
export function history(total: number) {
  const step = Math.floor(sixtyDays / total)
  const adopted = allocationOf(roundUps)
  function event(i: number): AccumulatedEvent {
    const time = new Date((start + i * step) / 1000)
    const micros = String((start + i * step) % 1000).padStart(3, '0')
    const place = {
      position: i + 2,
      stream: 's',
      causationId: `c${i}`,
      recordedAt: `${time.toISOString().slice(0, -1)}${micros}Z`,
    }
    // Two moduli that share no factor with 10: plain multiples of i would hit the same few units again and again.
    const whose = (((i * 7919) % 1_000_003) * 4099 + i) % (Math.floor(i / 10) + 1)
    if (i % 10 === 0)
      return {
        ...place,
        type: 'ExperimentExposed',
        data: {
          experiment: 'round-ups',
          unit: `u${i / 10}`,
          variant: i % 20 === 0 ? 'plain' : 'rounded',
          allocation: 1,
        },
      }
    if (i % 10 > 6) return { ...place, type: 'Visited', data: { customerId: `u${whose}` } }
    return {
      ...place,
      type: 'Saved',
      data: { customerId: `u${whose}`, amountMinor: ((i * 31) % 5000) + (whose % 2) * 250 },
    }
  }
  /** Events i from `from` to before `to`; the adoption comes before the first. */
  function* page(from: number, to: number): Generator<AccumulatedEvent> {
    if (from === 0)
      yield {
        position: 1,
        stream: 's',
        type: 'AllocationAdopted',
        causationId: 'c',
        recordedAt: new Date(start / 1000).toISOString(),
        data: adopted,
      }
    for (let i = from; i < to; i++) yield event(i)
  }
  const exposed = `'{"experiment":"round-ups","unit":"u' || (i // 10) || '","variant":"' || if(i % 20 = 0, 'plain', 'rounded') || '","allocation":1}'`
  const saved = `'{"customerId":"u' || whose || '","amountMinor":' || ((i * 31) % 5000 + (whose % 2) * 250) || '}'`
  /** A SELECT of the same, in the lake's columns. */
  const sql = (from: number, to: number) => `select 'pots' as service, i + 2 as position, 'e' || i as id,
      case when i % 10 = 0 then 'ExperimentExposed' when i % 10 > 6 then 'Visited' else 'Saved' end as type, 's' as stream, 1 as stream_version,
      make_timestamp(${start} + i * ${step}) as recorded_at, make_timestamp(${start} + i * ${step}) as occurred_at, 'c' || i as correlation_id, 'c' || i as causation_id,
      case when i % 10 = 0 then ${exposed} when i % 10 > 6 then '{"customerId":"u' || whose || '"}' else ${saved} end as data
    from (select range as i, ((range * 7919) % 1000003 * 4099 + range) % (range // 10 + 1) as whose from range(${from}, ${to}))${
      from > 0
        ? ''
        : `
    union all select 'pots', 1, 'a', 'AllocationAdopted', 's', 1, make_timestamp(${start}), make_timestamp(${start}), 'c', 'c', '${JSON.stringify(adopted)}'`
    }`
  return { page, sql }
}
