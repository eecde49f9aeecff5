import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from 'react-aria-components/Button'
import { Popped } from '../parts/popped.tsx'
import type { Decision, Experiment, Results } from './reading.ts'
import { moment } from './values.ts'

interface StandingProps {
  /** As the client read it: state, and what is offered. */
  readonly experiment: any
  readonly results: Results | undefined
  readonly trouble: Error | undefined
}

/** What the sealed rule says now, or what was decided, and what a person may do about it. */
export function Standing({ experiment, results, trouble }: StandingProps) {
  const state = experiment.state as Experiment
  const { headline, because } = standing(state, results, trouble)
  return (
    <section className="standing panel" aria-label="Decision" data-phase={state.phase}>
      <div>
        <h2>{headline}</h2>
        <p>{because}</p>
        {results !== undefined && (
          <p className="quiet small">As of {moment(results.results.observed.at.time)} UTC, at the end of every log.</p>
        )}
      </div>
      <div className="acts">
        {acts
          .filter(({ action }) => experiment.offers(action))
          .map((act) => (
            <Act key={act.title} act={act} experiment={experiment} />
          ))}
      </div>
    </section>
  )
}

function standing(
  { phase, decision, question, override }: Experiment,
  results: Results | undefined,
  trouble: Error | undefined,
) {
  if (phase === 'sealed')
    return { headline: 'Sealed, not started', because: 'Nobody is exposed before a person starts it.' }
  if (phase === 'removed')
    return { headline: 'Removed', because: 'What it added is gone; its history stays in the log.' }
  if (decision !== undefined) return { headline: decided(decision), because: decision.because }
  if (override !== undefined)
    return {
      headline: `${override.by} wants to ${override.verdict} ${override.variant}`,
      because: `${override.reason} A second person has to agree.`,
    }
  if (question !== undefined) return { headline: 'People are asked', because: question }
  if (results === undefined) return { headline: 'Running', because: trouble?.message ?? 'Measuring' }
  const { kind, variant, because } = results.decision
  const says = {
    keep: `The rule would keep ${variant}`,
    kill: 'The rule would kill it',
    ask: 'The rule asks people',
    wait: 'The rule waits',
  }[kind]
  return { headline: says, because: `${because[0]?.toUpperCase()}${because.slice(1)}.` }
}

function decided({ verdict, variant, by, agreedBy, decidedAt }: Decision): string {
  const what = verdict === 'keep' ? `Kept: everybody gets ${variant}` : `Killed: everybody gets ${variant}`
  const who = by === 'rule' ? 'by its rule' : `by ${by}${agreedBy === undefined ? '' : ` and ${agreedBy}`}`
  return `${what}, ${who}${decidedAt === undefined ? '' : `, ${moment(decidedAt)}`}`
}

interface Possible {
  readonly action: string
  readonly title: string
  /** What is sent; the reason that was written goes with it where one is asked for. */
  readonly input: object
  readonly asksReason: boolean
}

const acts: readonly Possible[] = [
  { action: 'start', title: 'Start', input: {}, asksReason: false },
  { action: 'agree', title: 'Agree', input: {}, asksReason: false },
  { action: 'decide', title: 'Keep', input: { verdict: 'keep' }, asksReason: true },
  { action: 'decide', title: 'Kill', input: { verdict: 'kill' }, asksReason: true },
  { action: 'amend', title: 'Adopt what the code says', input: {}, asksReason: true },
  { action: 'resume', title: 'Take back', input: {}, asksReason: true },
]

const leastReason = 10

function Act({ act, experiment }: { readonly act: Possible; readonly experiment: any }) {
  const queries = useQueryClient()
  const [reason, setReason] = useState('')
  const [refused, setRefused] = useState<string>()
  const send = async (close: () => void) => {
    try {
      await experiment.act(act.action, { ...act.input, ...(act.asksReason && { reason }) })
      close()
      await queries.invalidateQueries({ queryKey: ['experiments'] })
    } catch (error) {
      setRefused((error as Error).message)
    }
  }
  return (
    <Popped title={act.title}>
      {(close) => (
        <>
          {act.asksReason && (
            <label className="field">
              Why, for those who read it later
              <textarea rows={3} value={reason} onChange={({ target }) => setReason(target.value)} />
            </label>
          )}
          {refused !== undefined && (
            <p role="alert" className="tag bad">
              {refused}
            </p>
          )}
          <Button
            className="button strong"
            isDisabled={act.asksReason && reason.trim().length < leastReason}
            onPress={() => send(close)}
          >
            {act.title}
          </Button>
        </>
      )}
    </Popped>
  )
}
