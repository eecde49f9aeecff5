import { useQuery } from '@tanstack/react-query'
import { Empty, Trouble } from '../parts/empty.tsx'
import { Link } from '../parts/link.tsx'
import { plural } from '../parts/numbers.ts'
import { SaidAs } from '../parts/said-as.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { usePlace } from '../place.ts'
import { entry } from '../reach.ts'
import { OneExperiment } from './one-experiment.tsx'
import { PhaseTag } from './phase.tsx'
import { allQuery, type Summary } from './reading.ts'
import './experiment.css'

/** Hypotheses, and what became of them. */
export default function Experiments() {
  const { path } = usePlace()
  const { data, error } = useQuery(allQuery)
  if (error !== null) {
    return (
      <Empty title="Nobody keeps experiments here" command="headwater new service experiments">
        A landscape has experiments when one of its services is <code>@headwater/experiments</code>. {error.message}
      </Empty>
    )
  }
  if (data === undefined) return <Waiting what="experiments" />
  if (data.length === 0) {
    return (
      <Empty title="No experiment is declared yet" command="headwater experiment list">
        Declare one in a service, <code>experiment('name', …)</code>: it shows here, sealed, as soon as the service
        runs.
      </Empty>
    )
  }
  const name = path[1]
  if (name === undefined) return <List all={data} />
  if (!data.some((one) => one.name === name))
    return <Trouble error={new Error(`There is no experiment ${name}.`)} command="headwater experiment list" />
  return <OneExperiment key={name} name={name} all={data} />
}

function List({ all }: { readonly all: readonly Summary[] }) {
  const overdue = all.filter((one) => one.overdue === true)
  return (
    <div className="screen-main">
      <header className="screen-head">
        <div>
          <h1>Experiments</h1>
          <p className="quiet">
            {plural(all.length, 'experiment')},{' '}
            {plural(all.filter(({ phase }) => phase === 'running').length, 'runs', 'run')}
            {overdue.length === 0 ? '.' : `; ${plural(overdue.length, 'is', 'are')} overdue.`}
          </p>
        </div>
        <SaidAs
          command="headwater experiment list"
          url={new URL('experiments/experiments', entry).href}
          scope="experiments:read"
        />
      </header>
      <ul className="experiments">
        {all.map((one) => (
          <li key={one.name} className="panel">
            <div className="experiment-line">
              <PhaseTag phase={one.phase} />
              {one.overdue === true && <span className="tag bad">overdue</span>}
              <span className="quiet">
                {one.name}, declared by {one.service}
                {one.due !== undefined && `, due ${one.due}`}
              </span>
            </div>
            <h2>
              <Link to={`/experiments/${one.name}`}>{one.hypothesis ?? one.name}</Link>
            </h2>
            {one.decision !== undefined && (
              <p className="quiet">
                {one.decision.verdict === 'keep' ? `Kept ${one.decision.variant}` : 'Killed'} by {one.decision.by}:{' '}
                {one.decision.because}
              </p>
            )}
            {one.question !== undefined && <p className="quiet">Asked of people: {one.question}</p>}
          </li>
        ))}
      </ul>
    </div>
  )
}
