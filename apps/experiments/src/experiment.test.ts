import {
  allocationOf,
  count,
  decidedByPeople,
  type Experiment,
  experiment,
  type MeasuredDeclaration,
} from '@headwater/experiment'
import { events } from '@headwater/service'
import { given } from '@headwater/testing'
import { describe, it } from 'vitest'
import { z } from 'zod'
import { experimentDecider } from './experiment.ts'
import { facts } from './facts.ts'

const pots = events('pots', { Saved: { data: z.object({ customerId: z.string() }) } })
const declare = (
  hypothesis = 'Rounding up makes customers save more.',
  change: Partial<MeasuredDeclaration<string, any, any>> = {},
) =>
  experiment('round-ups', {
    hypothesis,
    unit: 'customerId',
    variants: { plain: 50, rounded: 50 },
    primary: count(pots.Saved, { within: '28d' }),
    decide: { after: '14d', by: '2027-02-01' },
    ...change,
  })
const roundUps = declare()
const changed = declare('Rounding up makes customers save a lot more.')
const icon = decidedByPeople('new-icon', {
  hypothesis: 'Customers find their pots faster.',
  lookAt: 'What the help desk hears.',
  lookOn: '2026-12-01',
  adds: { services: ['icons'] },
})
const decider = experimentDecider()
const world = { id: 'round-ups', caller: 'ada' }
const seal = (of: typeof roundUps, version = 1) =>
  facts.ExperimentSealed({ experiment: of.name, seal: of.seal, declaration: { ...of }, service: 'pots', version })
const allocated = (change: Parameters<typeof allocationOf>[1]) =>
  facts.AllocationChanged(allocationOf(roundUps, { coverage: 100, ...change }) as never)
const started = [
  seal(roundUps),
  facts.ExperimentStarted({ experiment: 'round-ups', seal: roundUps.seal, by: 'ada' }),
  allocated({ version: 1 }),
]
const at = { positions: { pots: 7 }, time: '2027-01-20T00:00:00.000000Z' }
const nothing: [] = []
const reason = 'The evidence is clear enough for us.'
/** What `given` says the time is. */
const decidedAt = '2026-01-01T00:00:00.000Z'

describe('sealing', () => {
  it('takes up what code declares, once', () => {
    given(decider, [], world)
      .when('propose', { service: 'pots', declaration: { ...roundUps } })
      .then(seal(roundUps))
    given(decider, [seal(roundUps)], world)
      .when('propose', { service: 'pots', declaration: { ...roundUps } })
      .then(...nothing)
  })
  it('refuses a declaration that is not what its seal says', () => {
    given(decider, [], world)
      .when('propose', { service: 'pots', declaration: { ...roundUps, unit: 'other' } })
      .refused('not-sealed')
  })
  it('refuses the name of another service', () => {
    given(decider, [seal(roundUps)], world)
      .when('propose', { service: 'cards', declaration: { ...changed } })
      .refused('name-taken')
  })
  it('seals anew before the start, visibly', () => {
    given(decider, [seal(roundUps)], world)
      .when('propose', { service: 'pots', declaration: { ...changed } })
      .then(seal(changed, 2))
  })
  it('changes nothing that runs: a change of the code is a proposal, adopted with a reason as a new version', () => {
    const proposed = facts.AmendmentProposed({
      experiment: 'round-ups',
      seal: changed.seal,
      declaration: { ...changed },
      service: 'pots',
    })
    given(decider, started, world)
      .when('propose', { service: 'pots', declaration: { ...changed } })
      .then(proposed)
    given(decider, [...started, proposed], world)
      .when('amend', { reason })
      .then(
        facts.ExperimentAmended({
          experiment: 'round-ups',
          seal: changed.seal,
          declaration: { ...changed },
          service: 'pots',
          version: 2,
          reason,
          by: 'ada',
        }),
        facts.AllocationChanged(allocationOf(changed, { version: 2, coverage: 100 }) as never),
      )
  })
})

describe('what code says again', () => {
  const proposed = facts.AmendmentProposed({
    experiment: 'round-ups',
    seal: changed.seal,
    declaration: { ...changed },
    service: 'pots',
  })
  const back = { service: 'pots', declaration: { ...roundUps } }
  it('takes the proposal of something else back', () => {
    const withdrawn = facts.AmendmentWithdrawn({ experiment: 'round-ups', seal: roundUps.seal, service: 'pots' })
    given(decider, [...started, proposed], world)
      .when('propose', back)
      .then(withdrawn)
    given(decider, [...started, proposed, withdrawn], world)
      .when('amend', { reason })
      .refused('nothing-to-amend')
    given(decider, [...started, proposed, withdrawn], world)
      .when('propose', { service: 'pots', declaration: { ...changed } })
      .then(proposed)
  })
  it('is a proposal of its own once something else was adopted', () => {
    const amended = facts.ExperimentAmended({
      experiment: 'round-ups',
      seal: changed.seal,
      declaration: { ...changed },
      service: 'pots',
      version: 2,
      reason,
      by: 'ada',
    })
    given(decider, [...started, proposed, amended], world)
      .when('propose', back)
      .then(
        facts.AmendmentProposed({
          experiment: 'round-ups',
          seal: roundUps.seal,
          declaration: { ...roundUps },
          service: 'pots',
        }),
      )
  })
})

describe('an amendment', () => {
  const at20 = declare(undefined, { coverage: 20 })
  const running = (of: Experiment<any>, ...more: readonly any[]) => [
    seal(of),
    facts.ExperimentStarted({ experiment: of.name, seal: of.seal, by: 'ada' }),
    changedTo(of, { version: 1 }),
    ...more,
  ]
  const changedTo = (of: Experiment<any>, change: Parameters<typeof allocationOf>[1]) =>
    facts.AllocationChanged(allocationOf(of, change) as never)
  const proposed = (next: Experiment<any>) =>
    facts.AmendmentProposed({
      experiment: next.name,
      seal: next.seal,
      declaration: { ...next },
      service: 'pots',
    })
  const amended = (next: Experiment<any>) =>
    facts.ExperimentAmended({
      experiment: next.name,
      seal: next.seal,
      declaration: { ...next },
      service: 'pots',
      version: 2,
      reason,
      by: 'ada',
    })

  it('of the weights needs a new seed: under the old one units would change sides', () => {
    for (const variants of [
      { plain: 70, rounded: 30 },
      { rounded: 50, plain: 50 },
    ]) {
      const kept = declare(undefined, { coverage: 20, variants })
      const anew = declare(undefined, { coverage: 20, variants, seed: 'round-ups-2' })
      given(decider, running(at20, proposed(kept)), world)
        .when('amend', { reason })
        .refused('seed-kept')
      given(decider, running(at20, proposed(anew)), world)
        .when('amend', { reason })
        .then(amended(anew), changedTo(anew, { version: 2 }))
    }
  })
  it('takes up the coverage it declares, keeps what it was widened to, and never covers less', () => {
    const of = (coverage: number, seed = 'round-ups') =>
      declare('Rounding up makes customers save a lot more.', { coverage, seed })
    const widened = running(at20, changedTo(at20, { version: 2, coverage: 50 }))
    for (const [declares, covers] of [
      [20, 50],
      [80, 80],
    ] as const)
      given(decider, [...widened, proposed(of(declares))], world)
        .when('amend', { reason })
        .then(amended(of(declares)), changedTo(of(declares), { version: 3, coverage: covers }))
    given(decider, [...widened, proposed(of(10))], world)
      .when('amend', { reason })
      .refused('coverage-falls')
    given(decider, [...widened, proposed(of(10, 'round-ups-2'))], world)
      .when('amend', { reason })
      .then(amended(of(10, 'round-ups-2')), changedTo(of(10, 'round-ups-2'), { version: 3, coverage: 10 }))
  })
  it('leaves everybody at control while units got lost', () => {
    const held = running(
      roundUps,
      facts.DecisionAsked({ experiment: 'round-ups', because: 'units lost', hold: true, at }),
      allocated({ version: 2, everybody: 'plain' }),
      proposed(changed),
    )
    given(decider, held, world)
      .when('amend', { reason })
      .then(amended(changed), changedTo(changed, { version: 3, everybody: 'plain' }))
  })
  it('leaves a decision as it is', () => {
    const kept = running(
      roundUps,
      facts.ExperimentDecided({
        experiment: 'round-ups',
        verdict: 'keep',
        variant: 'rounded',
        because: 'better',
        by: 'rule',
        decidedAt,
        at,
      }),
      allocated({ version: 2, everybody: 'rounded' }),
      proposed(changed),
    )
    given(decider, kept, world).when('amend', { reason }).then(amended(changed))
  })
  it('leaves with everybody what people decide', () => {
    const later = decidedByPeople('new-icon', {
      hypothesis: 'Customers find their pots faster.',
      lookAt: 'What the help desk hears.',
      lookOn: '2026-12-24',
      adds: { services: ['icons'] },
    })
    const its = { id: 'new-icon', caller: 'ada' }
    const on = running(icon).with(2, changedTo(icon, { everybody: 'on' }))
    given(decider, [...on, proposed(later)], its)
      .when('amend', { reason })
      .then(amended(later), changedTo(later, { version: 2, everybody: 'on' }))
  })
})

describe('the rule', () => {
  it('keeps by sending everybody to the winner', () => {
    given(decider, started, world)
      .when('judge', { kind: 'keep', variant: 'rounded', because: 'rounded is better', at })
      .then(
        facts.ExperimentDecided({
          experiment: 'round-ups',
          verdict: 'keep',
          variant: 'rounded',
          because: 'rounded is better',
          by: 'rule',
          decidedAt,
          at,
        }),
        allocated({ version: 2, everybody: 'rounded' }),
      )
  })
  it('kills by sending everybody to control, and can be taken back', () => {
    const killed = [
      ...started,
      facts.ExperimentDecided({
        experiment: 'round-ups',
        verdict: 'kill',
        variant: 'plain',
        because: 'worse',
        by: 'rule',
        decidedAt,
        at,
      }),
      allocated({ version: 2, everybody: 'plain' }),
    ]
    given(decider, started, world)
      .when('judge', { kind: 'kill', because: 'worse', at })
      .then(...killed.slice(3))
    given(decider, killed, world)
      .when('judge', { kind: 'keep', variant: 'rounded', because: 'late', at })
      .then(...nothing)
    given(decider, killed, world)
      .when('resume', { reason })
      .then(facts.ExperimentResumed({ experiment: 'round-ups', reason, by: 'ada' }), allocated({ version: 3 }))
  })
  it('holds everybody at control when units got lost, and asks', () => {
    given(decider, started, world)
      .when('judge', { kind: 'ask', because: 'units lost', hold: true, at })
      .then(
        facts.DecisionAsked({ experiment: 'round-ups', because: 'units lost', hold: true, at }),
        allocated({ version: 2, everybody: 'plain' }),
      )
  })
})

describe('people', () => {
  const override = facts.OverrideProposed({
    experiment: 'round-ups',
    verdict: 'keep',
    variant: 'rounded',
    reason,
    by: 'ada',
  })
  it('overrule the rule only in twos', () => {
    given(decider, started, world).when('decide', { verdict: 'keep', reason }).then(override)
    given(decider, [...started, override], world)
      .when('agree', {})
      .refused('same-person')
    given(decider, [...started, override], { ...world, caller: 'bob' })
      .when('agree', {})
      .then(
        facts.ExperimentDecided({
          experiment: 'round-ups',
          verdict: 'keep',
          variant: 'rounded',
          because: reason,
          by: 'ada',
          agreedBy: 'bob',
          decidedAt,
        }),
        allocated({ version: 2, everybody: 'rounded' }),
      )
  })
  it('decide alone what they were asked', () => {
    const asked = facts.DecisionAsked({ experiment: 'round-ups', because: 'its day has come', hold: false, at })
    given(decider, [...started, asked], world)
      .when('decide', { verdict: 'kill', reason })
      .then(
        facts.ExperimentDecided({
          experiment: 'round-ups',
          verdict: 'kill',
          variant: 'plain',
          because: reason,
          by: 'ada',
          decidedAt,
        }),
        allocated({ version: 2, everybody: 'plain' }),
      )
  })
  it('show it to more, never to fewer', () => {
    given(decider, [...started.slice(0, 2), allocated({ version: 1, coverage: 20 })], world)
      .when('cover', { percent: 50 })
      .then(allocated({ version: 2, coverage: 50 }))
    given(decider, started, world).when('cover', { percent: 50 }).refused('coverage-falls')
  })
  it('remove only what is decided', () => {
    given(decider, started, world).when('beginRemoval', { goes: [], reason }).refused('not-decided')
    given(decider, started, world).when('remove', { gone: [], left: [], reason }).refused('not-begun')
  })
  it('give what they judge themselves one more period, and everybody has it meanwhile', () => {
    const its = { id: 'new-icon', caller: 'ada', now: new Date('2026-12-01T09:00:00Z') }
    const sealed = seal(icon as never)
    const running = [
      sealed,
      facts.ExperimentStarted({ experiment: 'new-icon', seal: icon.seal, by: 'ada' }),
      facts.AllocationChanged(allocationOf(icon, { everybody: 'on' }) as never),
    ]
    given(decider, [sealed], its)
      .when('start', {})
      .then(...running.slice(1))
    given(decider, running, its).when('extend', { until: '2026-11-30', reason }).refused('in-the-past')
    given(decider, running, its)
      .when('extend', { until: '2027-01-01', reason })
      .then(facts.PeriodExtended({ experiment: 'new-icon', until: '2027-01-01', reason, by: 'ada' }))
    given(decider, running, its)
      .when('decide', { verdict: 'keep', reason })
      .then(
        facts.ExperimentDecided({
          experiment: 'new-icon',
          verdict: 'keep',
          variant: 'on',
          because: reason,
          by: 'ada',
          decidedAt: its.now.toISOString(),
        }),
        facts.AllocationChanged(allocationOf(icon, { version: 2, everybody: 'on', coverage: 100 }) as never),
      )
  })
})
