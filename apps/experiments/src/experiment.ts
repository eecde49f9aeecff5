import { type Allocation, allocationOf, type Experiment, isSealed } from '@headwater/experiment'
import { decider, type EventOf, refuse } from '@headwater/service'
import { z } from 'zod'
import { facts, verdict } from './facts.ts'

export type Phase = 'none' | 'sealed' | 'running' | 'asked' | 'kept' | 'killed' | 'removing' | 'removed'

export interface ExperimentState {
  readonly name: string
  readonly phase: Phase
  /** Service that declares it. */
  readonly service: string
  readonly version: number
  readonly declaration?: Experiment<any>
  readonly amendment?: Experiment<any>
  readonly allocation?: Allocation
  /** Asked of people, since the rule cannot say. */
  readonly question?: string
  /** Day until which people gave it one more period. */
  readonly until?: string
  readonly override?: {
    readonly verdict: 'keep' | 'kill'
    readonly variant: string
    readonly reason: string
    readonly by: string
  }
  readonly decision?: {
    readonly verdict: 'keep' | 'kill'
    readonly variant: string
    readonly because: string
    readonly by: string
    readonly agreedBy?: string
    /** RFC 3339. */
    readonly decidedAt?: string
  }
  readonly removal?: {
    /** What was to go, when it was begun. */
    readonly goes: readonly string[]
    readonly reason: string
    readonly by: string
    readonly gone?: readonly string[]
    /** What was still there when it was listed again. */
    readonly left?: readonly string[]
  }
}

const reason = z.string().trim().min(10).max(1000)
const day = z.iso.date()
const at = z.object({ positions: z.record(z.string(), z.int()), time: z.string() })

const commands = {
  /** What a service's code declares. The worker tells it; saying the same again changes nothing. */
  propose: z.object({ service: z.string(), declaration: z.looseObject({ name: z.string(), seal: z.string() }) }),
  amend: z.object({ reason }),
  start: z.object({}),
  cover: z.object({ percent: z.number().min(0).max(100) }),
  /** What the sealed rule says of a look. */
  judge: z.object({
    kind: z.enum(['keep', 'kill', 'wait', 'ask']),
    variant: z.string().optional(),
    because: z.string(),
    hold: z.boolean().optional(),
    at,
  }),
  decide: z.object({ verdict, variant: z.string().optional(), reason }),
  agree: z.object({}),
  extend: z.object({ until: day, reason }),
  resume: z.object({ reason }),
  beginRemoval: z.object({ goes: z.array(z.string()), reason }),
  remove: z.object({ gone: z.array(z.string()), left: z.array(z.string()), reason }),
}

export interface Rules {
  /** Whether overruling the sealed rule needs a second person; default true. */
  readonly secondPerson?: boolean
}

type Out = EventOf<typeof facts>

/** How an experiment lives: sealed, started, judged by its rule on the allocation alone, decided, taken back or removed by people. */
export function experimentDecider({ secondPerson = true }: Rules = {}) {
  return decider('experiment', facts, {
    commands,
    initialState: (): ExperimentState => ({ name: '', phase: 'none', service: '', version: 0 }),
    decide: {
      propose({ service, declaration }, state, { id }) {
        const said = declaration as unknown as Experiment<any>
        if (said.name !== id || !isSealed(said))
          return refuse(
            'not-sealed',
            `Expected the declaration of ${id} under its seal, got one whose content does not match.`,
          )
        if (state.phase !== 'none' && state.service !== service)
          return refuse(
            'name-taken',
            `Experiment ${id} is declared by ${state.service} already. Give this one another name.`,
          )
        const sealed = { experiment: id, seal: said.seal, declaration: { ...declaration }, service }
        if (state.phase === 'none') return [facts.ExperimentSealed({ ...sealed, version: 1 })]
        if (said.seal === (state.amendment ?? state.declaration)?.seal) return []
        // Nobody was exposed yet: a new seal simply replaces the old one, visibly.
        if (state.phase === 'sealed') return [facts.ExperimentSealed({ ...sealed, version: state.version + 1 })]
        if (said.seal === state.declaration?.seal)
          return [facts.AmendmentWithdrawn({ experiment: id, seal: said.seal, service })]
        return [facts.AmendmentProposed(sealed)]
      },
      amend({ reason: why }, state, { id, caller }) {
        const next = state.amendment
        if (next === undefined)
          return refuse('nothing-to-amend', 'The code declares what is sealed. Change the declaration first.')
        if (state.phase === 'removing' || state.phase === 'removed') return ended(state)
        const unfair = movesUnits(state, next)
        if (unfair !== undefined) return unfair
        const amended = {
          experiment: id,
          seal: next.seal,
          declaration: { ...next },
          service: state.service,
          version: state.version + 1,
          reason: why,
          by: who(caller),
        }
        const held = isHeld(state) && next.decidedBy === 'rule' ? { everybody: next.control } : {}
        return [facts.ExperimentAmended(amended as never), ...(isOpen(state) ? [changed(state, next, held)] : [])]
      },
      start(_, state, { id, caller }) {
        if (state.phase === 'none') return refuse('unknown', `No service has declared ${id}.`)
        if (state.phase !== 'sealed') return refuse('started', `${id} was started already.`)
        const { seal } = state.declaration!
        return [
          facts.ExperimentStarted({ experiment: id, seal, by: who(caller) }),
          changed(state, state.declaration!, {}),
        ]
      },
      cover({ percent }, state) {
        if (state.phase !== 'running') return refuse('not-running', 'Coverage can be changed while an experiment runs.')
        if (percent < (state.allocation?.coverage ?? 100))
          return refuse(
            'coverage-falls',
            'Units that were exposed would lose their variant. Coverage only grows; to stop, decide.',
          )
        return percent === state.allocation?.coverage ? [] : [changed(state, state.declaration!, { coverage: percent })]
      },
      judge({ kind, variant, because, hold = false, at: seen }, state, { id, now }) {
        if (state.phase !== 'running' || kind === 'wait') return []
        const control = state.declaration!.control
        if (kind === 'ask') {
          const asked = facts.DecisionAsked({ experiment: id, because, hold, at: seen })
          return hold ? [asked, changed(state, state.declaration!, { everybody: control })] : [asked]
        }
        return decided(state, {
          verdict: kind,
          variant: kind === 'kill' ? control : variant!,
          because,
          by: 'rule',
          at: seen,
          decidedAt: now.toISOString(),
        })
      },
      decide({ verdict: said, variant, reason: why }, state, { caller, now }) {
        if (!isOpen(state)) return ended(state)
        const measured = state.declaration!.decidedBy === 'rule'
        const chosen = said === 'kill' ? state.declaration!.control : (variant ?? onlyTreatment(state.declaration!))
        if (chosen === undefined || !Object.hasOwn(state.declaration!.variants, chosen))
          return refuse(
            'which-variant',
            `Say which variant to keep: ${Object.keys(state.declaration!.variants).join(', ')}.`,
          )
        if (measured && state.phase === 'running' && secondPerson) {
          return [
            facts.OverrideProposed({
              experiment: state.name,
              verdict: said,
              variant: chosen,
              reason: why,
              by: who(caller),
            }),
          ]
        }
        const [by, decidedAt] = [who(caller), now.toISOString()]
        return decided(state, { verdict: said, variant: chosen, because: why, by, decidedAt })
      },
      agree(_, state, { caller, now }) {
        if (state.override === undefined || !isOpen(state))
          return refuse('nothing-to-agree', 'Nobody asks to overrule the rule.')
        if (caller === state.override.by)
          return refuse('same-person', 'A second person has to agree: you proposed it yourself.')
        const { verdict: said, variant, reason: why, by } = state.override
        const [agreedBy, decidedAt] = [who(caller), now.toISOString()]
        return decided(state, { verdict: said, variant, because: why, by, agreedBy, decidedAt })
      },
      extend({ until, reason: why }, state, { id, now, caller }) {
        if (!isOpen(state)) return ended(state)
        if (state.declaration!.decidedBy !== 'people')
          return refuse('rule-decides', 'A rule was sealed for it. Decide with a reason instead.')
        if (until <= now.toISOString().slice(0, 10))
          return refuse('in-the-past', 'One more period ends on a day to come.')
        return [facts.PeriodExtended({ experiment: id, until, reason: why, by: who(caller) })]
      },
      resume({ reason: why }, state, { id, caller }) {
        if (state.phase !== 'kept' && state.phase !== 'killed' && !isHeld(state))
          return refuse('not-decided', 'Only a decision can be taken back.')
        return [
          facts.ExperimentResumed({ experiment: id, reason: why, by: who(caller) }),
          changed(state, state.declaration!, {}),
        ]
      },
      beginRemoval({ goes, reason: why }, state, { id, caller }) {
        if (state.phase === 'removing' || state.phase === 'removed') return []
        if (state.phase !== 'kept' && state.phase !== 'killed')
          return refuse('not-decided', 'Decide first, then remove what the experiment added.')
        return [facts.RemovalBegun({ experiment: id, goes, reason: why, by: who(caller) })]
      },
      remove({ gone, left, reason: why }, state, { id, caller }) {
        if (state.phase === 'removed') return []
        if (state.phase !== 'removing') return refuse('not-begun', 'A removal is begun before it is done.')
        return [facts.ExperimentRemoved({ experiment: id, gone, left, reason: why, by: who(caller) })]
      },
    },
    evolve: {
      ExperimentSealed: (state, e) => ({
        ...state,
        name: e.experiment,
        phase: 'sealed' as const,
        service: e.service,
        version: e.version,
        declaration: e.declaration as never,
      }),
      AmendmentProposed: (state, e) => ({ ...state, amendment: e.declaration as never }),
      AmendmentWithdrawn: ({ amendment: _, ...state }) => state,
      ExperimentAmended: ({ amendment: _, ...state }, e) => ({
        ...state,
        version: e.version,
        declaration: e.declaration as never,
      }),
      ExperimentStarted: (state) => ({ ...state, phase: 'running' as const }),
      AllocationChanged: (state, allocation) => ({ ...state, allocation: allocation as Allocation }),
      DecisionAsked: (state, e) => ({ ...state, phase: 'asked' as const, question: e.because }),
      OverrideProposed: (state, { experiment: _, ...override }) => ({ ...state, override }),
      ExperimentDecided: ({ question: _, override: __, ...state }, { experiment: ___, at: ____, ...decision }) => ({
        ...state,
        phase: decision.verdict === 'keep' ? ('kept' as const) : ('killed' as const),
        decision,
      }),
      PeriodExtended: ({ question: _, ...state }, e) => ({ ...state, phase: 'running' as const, until: e.until }),
      ExperimentResumed: ({ decision: _, question: __, ...state }) => ({ ...state, phase: 'running' as const }),
      RemovalBegun: (state, { experiment: _, ...removal }) => ({ ...state, phase: 'removing' as const, removal }),
      ExperimentRemoved: (state, { gone, left = [], reason: why, by }) => ({
        ...state,
        phase: 'removed' as const,
        removal: { ...(state.removal ?? { goes: gone, reason: why, by }), gone, left },
      }),
    },
  })
}

export const isOpen = ({ phase }: ExperimentState): boolean => phase === 'running' || phase === 'asked'

/** Units got lost: everybody has control until people decide, or take the hold back. */
export const isHeld = ({ phase, allocation, declaration }: ExperimentState): boolean =>
  phase === 'asked' && allocation?.everybody !== undefined && declaration?.decidedBy === 'rule'

/** The day of its decision has come and nobody has decided. */
export function isOverdue(state: ExperimentState, nowMs: number): boolean {
  const { phase, until, declaration } = state
  if (phase === 'asked') return true
  const due = until ?? declaration?.lookOn ?? declaration?.decide?.by
  return phase === 'running' && due !== undefined && new Date(nowMs).toISOString().slice(0, 10) >= due
}

/** An action always has a caller; a command run by a consumer has none. */
const who = (caller: string | undefined): string => caller ?? 'nobody'

const ended = ({ phase }: ExperimentState) =>
  refuse('not-running', `It is ${phase === 'none' || phase === 'sealed' ? 'not started' : phase}.`)

/** Coverage is what is in use or declared, whichever is more; under a new seed, as declared. */
function changed(
  { allocation }: ExperimentState,
  declaration: Experiment<any>,
  change: { readonly coverage?: number; readonly everybody?: string },
): Out {
  const { seed, decidedBy, control, coverage: declared = 100 } = declaration
  const inUse = allocation?.seed === seed ? (allocation.coverage ?? 100) : 0
  const next = allocationOf(declaration, {
    version: (allocation?.version ?? 0) + 1,
    coverage: Math.max(inUse, declared),
    // Decided by people: everybody gets it and nobody is measured.
    ...(decidedBy === 'people' ? { everybody: control } : {}),
    ...change,
  })
  return facts.AllocationChanged(next as never)
}

/**
 * Under the seed in use, other weights would move exposed units to another side, and where not all were covered the sides would differ in how many
 * were exposed before; less coverage would take their variant away.
 */
function movesUnits({ allocation, declaration }: ExperimentState, next: Experiment<any>) {
  if (allocation === undefined || allocation.seed !== next.seed) return undefined
  const said = (variants: Readonly<Record<string, number>>) =>
    Object.entries(variants)
      .map(([variant, weight]) => `${variant} ${weight}`)
      .join(', ')
  if (said(allocation.variants) !== said(next.variants))
    return refuse(
      'seed-kept',
      `Expected a new seed with other weights, got ${said(next.variants)} instead of ${said(allocation.variants)} under the seed "${next.seed}": units would change sides. Declare a seed that was not used yet.`,
    )
  const [before, after] = [declaration?.coverage ?? 100, next.coverage ?? 100]
  return after < before
    ? refuse(
        'coverage-falls',
        `Expected a coverage of ${before} or more, got ${after}: units that were exposed would lose their variant. To begin anew with less, declare a new seed.`,
      )
    : undefined
}

function decided(
  state: ExperimentState,
  of: {
    verdict: 'keep' | 'kill'
    variant: string
    because: string
    by: string
    agreedBy?: string
    decidedAt: string
    at?: z.infer<typeof at>
  },
): Out[] {
  return [
    facts.ExperimentDecided({ experiment: state.name, ...of }),
    changed(state, state.declaration!, { everybody: of.variant }),
  ]
}

function onlyTreatment({ variants, control, decidedBy }: Experiment<any>): string | undefined {
  if (decidedBy === 'people') return control
  const treatments = Object.keys(variants).filter((variant) => variant !== control)
  return treatments.length === 1 ? treatments[0] : undefined
}
