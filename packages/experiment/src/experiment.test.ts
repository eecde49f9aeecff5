import { contractOf, events } from '@headwater/contract'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import {
  count,
  decidedByPeople,
  experiment,
  funnel,
  isSealed,
  mean,
  ratio,
  requireReadable,
  retention,
  share,
  sum,
} from './index.ts'

const facts = events('pots', {
  PotOpened: { data: z.object({ customerId: z.string() }), level: 'published' },
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }), level: 'published' },
  PotClosed: { data: z.object({ reason: z.string() }) },
})

const roundUps = experiment('round-ups', {
  hypothesis: 'Rounding up makes customers save at least 10 % more within 28 days.',
  unit: 'customerId',
  variants: { plain: 50, rounded: 50 },
  primary: sum(facts.Saved, 'amountMinor', { within: '28d' }),
  guardrails: [share(facts.PotClosed, { mayRise: '1pp' })],
  decide: { after: '14d', by: '2027-02-01' },
})
const declaration = {
  hypothesis: 'Rounding up makes customers save more.',
  unit: 'customerId' as const,
  variants: { plain: 50, rounded: 50 },
  primary: sum(facts.Saved, 'amountMinor', { within: '28d' }),
  decide: { after: '14d' as const, by: '2027-02-01' },
}
const declared = (change: object) => () => experiment('round-ups', { ...declaration, ...change })

describe('a declared experiment', () => {
  it('is data: it survives JSON, seal and all', () => {
    expect(isSealed(JSON.parse(JSON.stringify(roundUps)))).toBe(true)
    expect(roundUps).toMatchObject({ control: 'plain', decidedBy: 'rule', primary: { kind: 'sum', within: '28d' } })
  })

  it('knows its variants', () => {
    expectTypeOf<keyof typeof roundUps.variants>().toEqualTypeOf<'plain' | 'rounded'>()
  })

  it('takes the window of its primary where a guardrail says none', () => {
    expect(roundUps.guardrails[0]).toMatchObject({
      within: '28d',
      good: 'down',
      mayRise: { of: 'absolute', amount: 0.01 },
    })
  })

  it('cannot be changed', () => {
    expect(() => ((roundUps as any).primary.within = '1d')).toThrow(TypeError)
  })
})

describe('a seal', () => {
  it('is broken by any change of what was promised', () => {
    const changed = [
      { hypothesis: 'Rounding up makes customers happy.' },
      { variants: { plain: 40, rounded: 60 } },
      { variants: { rounded: 50, plain: 50 } },
      { decide: { after: '7d', by: '2027-02-01' } },
      { primary: sum(facts.Saved, 'amountMinor', { within: '27d' }) },
    ]
    const seals = changed.map((change) => declared(change)().seal)
    expect(new Set([declared({})().seal, ...seals]).size).toBe(6)
  })

  it('holds when a schema or a level changes, which the experiment did not promise', () => {
    const later = events('pots', {
      Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int(), note: z.string() }) },
    })
    expect(declared({ primary: sum(later.Saved, 'amountMinor', { within: '28d' }) })().seal).toBe(declared({})().seal)
  })

  it('is found broken in stored data', () => {
    expect(isSealed({ ...roundUps, decide: { after: '1d', by: '2027-02-01' } })).toBe(false)
  })
})

describe('mistakes get one readable error', () => {
  it.each([
    [
      'weights that do not sum',
      { variants: { plain: 50, rounded: 60 } },
      /HW_WEIGHTS.*sum to 100, got plain 50 \+ rounded 60 = 110/,
    ],
    ['one variant', { variants: { plain: 100 } }, /HW_WEIGHTS.*2 to 20 variants/],
    ['a weight finer than a bucket', { variants: { plain: 33.333, rounded: 66.667 } }, /HW_WEIGHTS.*two decimals/],
    ['no hypothesis', { hypothesis: 'Better.' }, /HW_EXPERIMENT.*can turn out wrong/],
    ['a day that is none', { decide: { after: '14d', by: '2027-02-30' } }, /HW_EXPERIMENT.*decide\.by is a day/],
    [
      'a duration that is none',
      { decide: { after: '2 weeks', by: '2027-02-01' } },
      /HW_DURATION.*"28d", got "2 weeks"/,
    ],
    ['a guardrail without margin', { guardrails: [share(facts.PotClosed)] }, /HW_METRIC.*mayRise or mayFall/],
    ['two metrics of one name', { secondary: [sum(facts.Saved, 'amountMinor')] }, /HW_METRIC.*a name of its own/],
    ['a namespace part upside down', { namespace: { name: 'savings', from: 60, to: 40 } }, /HW_EXPERIMENT.*savings/],
    [
      'a namespace called like the holdout',
      { namespace: { name: 'savings', from: 0, to: 40 }, holdout: { name: 'savings', percent: 5 } },
      /HW_EXPERIMENT.*namespace and its holdout are both "savings"/,
    ],
    [
      'a namespace called like the experiment, whose name is its seed',
      { namespace: { name: 'round-ups', from: 0, to: 50 } },
      /HW_EXPERIMENT.*seed and its namespace are both "round-ups"/,
    ],
    [
      'a holdout called like the seed',
      { seed: 'growth', holdout: { name: 'growth', percent: 5 } },
      /HW_EXPERIMENT.*seed and its holdout are both "growth"/,
    ],
  ])('%s', (_, change, message) => {
    expect(coded(declared(change))).toThrow(message)
  })

  it('a third of each is fine', () => {
    expect(declared({ variants: { a: 33.33, b: 33.33, c: 33.34 } })().control).toBe('a')
  })

  it('a metric on a field that is not there', () => {
    // @ts-expect-error Argument of type '"amount"' is not assignable to parameter of type '"amountMinor"'.
    expect(coded(() => sum(facts.Saved, 'amount'))).toThrow(/HW_FIELD_UNKNOWN.*It has: customerId, amountMinor/)
    // @ts-expect-error customerId is no number
    sum(facts.Saved, 'customerId')
    // @ts-expect-error no such event
    expect(() => share(facts.PotGone)).toThrow(TypeError)
    // @ts-expect-error Type '"two weeks"' is not assignable to a duration
    expect(() => count(facts.Saved, { within: 'two weeks' })).toThrow(/HW_DURATION|duration/)
  })

  it('a unit that the events do not name', () => {
    // @ts-expect-error Type '"custId"' is not assignable to type '"customerId"'.
    experiment('round-ups', { ...declaration, unit: 'custId' })
    // @ts-expect-error amountMinor cannot name a unit
    experiment('round-ups', { ...declaration, unit: 'amountMinor' })
  })
})

describe('a service that declares an experiment', () => {
  it('may measure its own internal events, their unit found by their stream', () => {
    requireReadable(roundUps, contractOf(facts))
  })

  it("may not measure another service's internal events", () => {
    const others = events('cards', { Paid: { data: z.object({ customerId: z.string() }) } })
    expect(coded(() => requireReadable(roundUps, contractOf(others)))).toThrow(
      /HW_METRIC_INTERNAL.*"share with PotClosed" reads PotClosed, which is internal to pots/,
    )
  })

  it('hears when nothing tells whose event is whose', () => {
    const lost = events('pots', { PotClosed: { data: z.object({ reason: z.string() }) } })
    const orphan = declared({ guardrails: [share(lost.PotClosed, { mayRise: '1pp' })] })()
    expect(coded(() => requireReadable(orphan, contractOf(lost)))).toThrow(/HW_UNIT_UNKNOWN.*a field "customerId"/)
  })
})

describe('metrics are data', () => {
  it('of every kind', () => {
    const within = '7d'
    const kinds = [
      count(facts.Saved, { within, where: { customerId: 'c1' } }),
      mean(facts.Saved, 'amountMinor', { within }),
      ratio(sum(facts.Saved, 'amountMinor'), count(facts.PotOpened), { within }),
      retention(facts.Saved, { from: '6d', within }),
      funnel([facts.PotOpened, facts.Saved], { within, start: 'first' }),
    ].map((metric) => [metric.kind, metric.name])
    expect(kinds).toEqual([
      ['count', 'count of Saved'],
      ['mean', 'mean of Saved.amountMinor'],
      ['ratio', 'sum of Saved.amountMinor per count of PotOpened'],
      ['retention', 'retention by Saved from 6d to 7d'],
      ['funnel', 'funnel PotOpened → Saved'],
    ])
    // @ts-expect-error a funnel says whether the first or any start counts
    funnel([facts.PotOpened, facts.Saved], { within })
  })
})

it('is four lines when people decide', () => {
  const icon = decidedByPeople('new-icon', {
    hypothesis: 'Customers find their pots faster with a new icon.',
    lookAt: 'What customers tell the help desk.',
    lookOn: '2026-12-01',
    adds: { services: ['icons'] },
  })
  expect(icon).toMatchObject({ decidedBy: 'people', control: 'on', lookOn: '2026-12-01' })
})

/** Puts the stable code before the message, so that one pattern holds both. */
function coded(work: () => unknown): () => unknown {
  return () => {
    try {
      return work()
    } catch (error) {
      throw new Error(`${(error as { code?: string }).code}: ${(error as Error).message}`, { cause: error })
    }
  }
}
