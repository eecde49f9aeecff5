import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Trouble } from '../parts/empty.tsx'
import { Link } from '../parts/link.tsx'
import { SaidAs } from '../parts/said-as.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { EpochsPart, ExposuresPart, ForecastPart, LedgerPart, RemovalPart } from './parts.tsx'
import { Metrics } from './metrics.tsx'
import { PhaseTag } from './phase.tsx'
import { type Declaration, type Experiment, experimentQuery, type Results, type Summary, usePart } from './reading.ts'
import { Standing } from './standing.tsx'

/** One hypothesis, whole: what was sealed, what is known, what was decided, what will go. */
export function OneExperiment({ name, all }: { readonly name: string; readonly all: readonly Summary[] }) {
  const { data: found, error } = useQuery(experimentQuery(name))
  const results = usePart<Results>(name, 'results')
  const queries = useQueryClient()
  const phase = (found?.state as Experiment | undefined)?.phase
  // A decision must not stand over parts that were asked before it: once it shows, they are asked again at once.
  useEffect(() => {
    if (phase !== undefined) void queries.invalidateQueries({ queryKey: experimentQuery(name).queryKey })
  }, [queries, name, phase])
  if (error !== null) return <Trouble error={error} command={`headwater experiment results ${name}`} />
  if (found === undefined) return <Waiting what={name} />
  const state = found.state as Experiment
  const { declaration } = state
  if (declaration === undefined) return null
  const measured = declaration.primary !== undefined
  return (
    <div className="screen-main experiment">
      <header className="screen-head">
        <nav aria-label="Experiments" className="chips">
          {all.map((one) => (
            <Link key={one.name} to={`/experiments/${one.name}`} className="chip" current={one.name === name}>
              {one.name}
            </Link>
          ))}
        </nav>
        <SaidAs
          command={`headwater experiment results ${name}`}
          url={found.href('results') ?? found.url}
          scope="experiments:read"
        />
      </header>
      <section className="hypothesis" aria-label="Hypothesis">
        <div className="experiment-line">
          <PhaseTag phase={state.phase} />
          <span className="quiet">
            declared by {state.service}, version {state.version}
          </span>
        </div>
        <h1>{declaration.hypothesis}</h1>
        <Sealed declaration={declaration} />
        {state.amendment !== undefined && (
          <p className="notice-line">
            The code now declares something else, seal {state.amendment.seal.slice(0, 12)}. Nothing changes until a
            person amends it with a reason.
          </p>
        )}
      </section>
      <Standing experiment={found} results={results.data ?? undefined} trouble={results.error ?? undefined} />
      {measured && <Metrics name={name} declaration={declaration} results={results.data ?? undefined} />}
      <div className="parts">
        {measured && <ExposuresPart name={name} declaration={declaration} />}
        {measured && <LedgerPart name={name} />}
        <EpochsPart name={name} />
        {measured && <ForecastPart name={name} />}
        <RemovalPart name={name} />
      </div>
    </div>
  )
}

function Sealed({ declaration }: { readonly declaration: Declaration }) {
  const { variants, control, decide, unit, seal, lookOn, lookAt, coverage } = declaration
  const split = Object.entries(variants).map(
    ([variant, weight]) => `${variant} ${weight} %${variant === control ? ' (control)' : ''}`,
  )
  const rule =
    decide === undefined
      ? `people look on ${lookOn}: ${lookAt}`
      : `decides by itself, after ${decide.after} at the earliest; wrongly keeps at most ${((decide.alpha ?? 0.05) * 100).toFixed(0)} % of the time; asks people from ${decide.by} on`
  return (
    <dl className="sealed">
      <div>
        <dt>Seal</dt>
        <dd className="mono">{seal.slice(0, 16)}</dd>
      </div>
      <div>
        <dt>Per</dt>
        <dd className="mono">{unit}</dd>
      </div>
      <div>
        <dt>Variants</dt>
        <dd>
          {split.join(', ')}
          {coverage !== undefined && coverage < 100 && ` of ${coverage} %`}
        </dd>
      </div>
      <div>
        <dt>Rule</dt>
        <dd>{rule}</dd>
      </div>
    </dl>
  )
}
