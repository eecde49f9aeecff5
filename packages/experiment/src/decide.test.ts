import { events } from '@headwater/contract'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { decide } from './decide.ts'
import { decidedByPeople, experiment, share } from './index.ts'
import { engine, type Observed } from './observed.ts'
import { conclude } from './results.ts'

const facts = events('pots', {
  Saved: { data: z.object({ customerId: z.string() }) },
  PotClosed: { data: z.object({ customerId: z.string() }) },
})
const declare = (
  method: 'always-valid' | 'fixed' = 'always-valid',
  variants: Record<string, number> = { plain: 50, rounded: 50 },
) =>
  experiment('round-ups', {
    hypothesis: 'More customers save with round-ups.',
    unit: 'customerId',
    variants,
    primary: share(facts.Saved, { within: '28d' }),
    guardrails: [share(facts.PotClosed, { mayRise: '2pp' })],
    decide: { after: '14d', by: '2027-03-01', method },
  })

/** `saved` and `closed` of how many units a variant; exposed says how many, when those differ. */
interface Arm {
  readonly units: number
  readonly saved: number
  readonly closed: number
  readonly exposed?: number
}

const seen = (of: ReturnType<typeof declare>, time: string, arms: Record<string, Arm>): Observed => {
  const sums = (pick: (arm: Arm) => number) =>
    Object.fromEntries(
      Object.entries(arms).map(([name, arm]) => [
        name,
        { maturing: 0, sums: { kind: 'proportion' as const, n: String(arm.units), successes: String(pick(arm)) } },
      ]),
    )
  const variants = Object.entries(arms).map(([name, { units, exposed = units }]) => [
    name,
    { exposed, seen: 0, from: '2027-01-01T00:00:00.000000Z', to: time },
  ])
  return {
    experiment: of.name,
    seal: of.seal,
    engine,
    at: { positions: { pots: 1 }, time },
    variants: Object.fromEntries(variants),
    carriedOver: 0,
    metrics: [
      { name: 'share with Saved', variants: sums(({ saved }) => saved) },
      { name: 'share with PotClosed', variants: sums(({ closed }) => closed) },
    ],
  }
}
const late = '2027-02-10T00:00:00.000000Z'
const outcome = (arms: Record<string, Arm>, time = late, of = declare()) =>
  decide(of, conclude(of, seen(of, time, arms)))
const plain = { units: 20_000, saved: 4_000, closed: 400 }

describe('the rule', () => {
  it.each([
    ['better, nothing broken', { units: 20_000, saved: 4_800, closed: 410 }, 'keep'],
    ['the same', { units: 20_000, saved: 4_010, closed: 400 }, 'wait'],
    ['worse', { units: 20_000, saved: 3_300, closed: 400 }, 'kill'],
    ['better, but a guardrail is broken', { units: 20_000, saved: 4_800, closed: 1_300 }, 'kill'],
    ['better, but a guardrail is open', { units: 20_000, saved: 4_800, closed: 780 }, 'wait'],
  ])('%s: %o → %s', (_, rounded, kind) => {
    expect(outcome({ plain, rounded }).kind).toBe(kind)
  })

  it('kills by the variants that somebody gets: one without weight is not waited for', () => {
    const of = declare('always-valid', { plain: 50, rounded: 50, doubled: 0 })
    const [worse, nobody] = [
      { units: 20_000, saved: 3_300, closed: 400 },
      { units: 0, saved: 0, closed: 0 },
    ]
    expect(outcome({ plain, rounded: worse, doubled: nobody }, late, of)).toMatchObject({
      kind: 'kill',
      because: 'rounded is worse on "share with Saved"',
    })
    const none = declare('always-valid', { plain: 100, rounded: 0 })
    expect(outcome({ plain, rounded: nobody }, late, none).kind).toBe('wait')
  })

  it('keeps what is better when nothing that is guarded against has ever happened', () => {
    const arm = (saved: number) => ({ units: 9_000, saved, closed: 0 })
    expect(outcome({ plain: arm(1_800), rounded: arm(2_200) }).kind).toBe('keep')
  })

  it('keeps nothing before the minimum has run, and stops harm at once', () => {
    const soon = '2027-01-10T00:00:00.000000Z'
    expect(outcome({ plain, rounded: { units: 20_000, saved: 4_800, closed: 400 } }, soon)).toMatchObject({
      kind: 'wait',
      because: 'it has not run 14d yet',
    })
    expect(outcome({ plain, rounded: { units: 20_000, saved: 3_300, closed: 400 } }, soon).kind).toBe('kill')
  })

  it('asks a person when its day has come', () => {
    expect(outcome({ plain, rounded: plain }, '2027-03-01T00:00:00.000000Z')).toMatchObject({
      kind: 'ask',
      hold: false,
    })
  })

  it('stops everything when units got lost, however good it looks', () => {
    const leaky = { units: 20_000, saved: 6_000, closed: 400, exposed: 18_800 }
    expect(outcome({ plain, rounded: leaky })).toMatchObject({
      kind: 'ask',
      hold: true,
      because: expect.stringContaining('rounded 18800'),
    })
  })

  it('of several treatments keeps the best that is safe, and drops those that harm', () => {
    const of = declare('always-valid', { plain: 25, a: 25, b: 25, c: 25 })
    const arms = {
      plain,
      a: { ...plain, saved: 4_900 },
      b: { ...plain, saved: 5_000 },
      c: { ...plain, saved: 5_500, closed: 1_400 },
    }
    expect(outcome(arms, late, of)).toMatchObject({ kind: 'keep', variant: 'b' })
  })

  it('looks once, on its day, when the method is fixed', () => {
    const arms = { plain, rounded: { ...plain, saved: 4_800 } }
    expect(outcome(arms, late, declare('fixed')).kind).toBe('wait')
    expect(outcome(arms, '2027-03-01T00:00:00.000000Z', declare('fixed')).kind).toBe('keep')
  })

  it('says nothing of a handful of units', () => {
    expect(
      outcome({ plain: { units: 30, saved: 0, closed: 0 }, rounded: { units: 30, saved: 30, closed: 0 } }).kind,
    ).toBe('wait')
  })
})

describe('decided by people', () => {
  const icon = decidedByPeople('new-icon', {
    hypothesis: 'Pots are found faster.',
    lookAt: 'calls to the help desk',
    lookOn: '2027-02-01',
    adds: {},
  })
  const at = (time: string) =>
    decide(icon, conclude(icon, { ...seen(icon as never, time, { on: plain }), metrics: [] }))

  it('asks on the day, not before', () => {
    expect(at('2027-01-31T23:59:59.000000Z').kind).toBe('wait')
    expect(at('2027-02-01T00:00:00.000000Z')).toMatchObject({
      kind: 'ask',
      because: expect.stringContaining('calls to the help desk'),
    })
  })
})
