import { lazy, Suspense } from 'react'
import { count } from '../parts/numbers.ts'
import type { Declaration, Looks, Metric, MetricResult, Results } from './reading.ts'
import { usePart } from './reading.ts'
import { differenceOf, intervalText, isShare, liftText, marginText, moment, scaleOf, valueOf } from './values.ts'

const IntervalChart = lazy(async () => ({ default: (await import('./interval-chart.tsx')).IntervalChart }))

interface MetricsProps {
  readonly name: string
  readonly declaration: Declaration
  readonly results: Results | undefined
}

const order = ['primary', 'guardrail', 'secondary', 'exploratory']

/** Every metric: its interval now, and how it went. */
export function Metrics({ name, declaration, results }: MetricsProps) {
  const { data: looks } = usePart<Looks>(name, 'looks')
  const declared = [declaration.primary!, ...declaration.secondary, ...declaration.guardrails]
  const metrics = [...(results?.results.metrics ?? [])].sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role))
  return (
    <div className="metrics">
      {metrics.map((metric) => (
        <OneMetric
          key={metric.name}
          metric={metric}
          declared={declared.find((one) => one.name === metric.name)}
          control={declaration.control}
          looks={looks ?? undefined}
        />
      ))}
    </div>
  )
}

interface OneMetricProps {
  readonly metric: MetricResult
  readonly declared: Metric | undefined
  readonly control: string
  readonly looks: Looks | undefined
}

function OneMetric({ metric, declared, control, looks }: OneMetricProps) {
  const waiting = Object.values(metric.maturing).reduce((sum, units) => sum + units, 0)
  const bound = marginText(declared)
  return (
    <section className="panel metric" aria-label={metric.name} data-role={metric.role}>
      <header>
        <h2>{metric.name}</h2>
        <p className="quiet small">
          {metric.role}
          {declared?.within !== undefined && `, within ${declared.within} of exposure`}
          {bound !== undefined && `, ${bound}`}
          {waiting > 0 && `; ${count(waiting)} units maturing`}
        </p>
      </header>
      {metric.treatments.map((treatment) => (
        <Treatment
          key={treatment.variant}
          treatment={treatment}
          metric={metric}
          declared={declared}
          control={control}
          looks={looks}
        />
      ))}
    </section>
  )
}

type TreatmentProps = OneMetricProps & { readonly treatment: MetricResult['treatments'][number] }

function Treatment({ treatment: { variant, comparison, verdict }, metric, declared, control, looks }: TreatmentProps) {
  if (comparison.kind === 'cannot-compute') {
    return (
      <p className="cannot">
        <span className="quiet">{variant}</span> {comparison.sentence}
      </p>
    )
  }
  const { lift, difference } = comparison
  const { on, margin } = scaleOf(declared)
  const shownLift = on === 'lift' && lift.kind === 'computed'
  const said = (value: number | null) => (shownLift ? liftText(value) : differenceOf(comparison.metric, value))
  const interval = shownLift ? lift : difference
  return (
    <>
      <div className="effect">
        <p>
          <strong>{said(interval.estimate)}</strong>
          <span className="quiet">
            {' '}
            {interval.lower === null ? '−∞' : said(interval.lower)} to{' '}
            {interval.upper === null ? '∞' : said(interval.upper)}
          </span>
        </p>
        <p className="quiet">
          {variant} {valueOf(comparison.metric, comparison.treatment.value)} ({count(comparison.treatment.n)}),{' '}
          {control} {valueOf(comparison.metric, comparison.control.value)} ({count(comparison.control.n)})
        </p>
        {verdict?.kind === 'computed' && <Holds holds={verdict.holds} role={metric.role} />}
      </div>
      {looks !== undefined && (
        <Course
          looks={looks}
          name={metric.name}
          variant={variant}
          on={shownLift ? 'lift' : 'difference'}
          margin={margin}
          kind={declared?.kind ?? ''}
        />
      )}
    </>
  )
}

function Holds({ holds, role }: { readonly holds: 'yes' | 'no' | 'open'; readonly role: string }) {
  const says =
    role === 'guardrail'
      ? { yes: 'within its margin', no: 'beyond its margin', open: 'open yet' }
      : { yes: 'better', no: 'not better', open: 'open yet' }
  return <span className={`tag ${{ yes: 'good', no: 'bad', open: '' }[holds]}`}>{says[holds]}</span>
}

interface CourseProps {
  readonly looks: Looks
  readonly name: string
  readonly variant: string
  readonly on: 'lift' | 'difference'
  readonly margin: number | undefined
  readonly kind: string
}

/** How the interval went, drawn, and as a table. */
function Course({ looks, name, variant, on, margin, kind }: CourseProps) {
  const said = (value: number | null) =>
    on === 'lift' ? liftText(value) : differenceOf(isShare(kind) ? 'proportion' : kind, value)
  const moments = looks.looks.map(({ at, metrics }) => {
    const treatment = metrics.find((one) => one.name === name)?.treatments.find((one) => one.variant === variant)
    return { time: at.time, treatment, interval: treatment?.[on] }
  })
  const known = moments.filter(({ interval }) => interval !== undefined)
  if (known.length < 2) return null
  // Before the first there is nothing to draw: the table says why.
  const drawn = moments.slice(moments.indexOf(known[0]!))
  const points = drawn.map(({ time, interval }) => ({ at: Date.parse(time) / 1_000, ...interval }))
  return (
    <>
      <Suspense fallback={<div className="interval-chart" />}>
        <IntervalChart
          label={`${name}, ${variant} against control, over time; the table below says the same`}
          moments={points}
          said={said}
          {...(margin !== undefined && { margin })}
        />
      </Suspense>
      <details>
        <summary>As a table</summary>
        <div className="scroll" tabIndex={0} role="region" aria-label={`${name} over time`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Look (UTC)</th>
                <th scope="col" className="number">
                  Units
                </th>
                <th scope="col" className="number">
                  Estimate and interval
                </th>
              </tr>
            </thead>
            <tbody>
              {moments.toReversed().map(({ time, treatment, interval }) => (
                <tr key={time}>
                  <th scope="row">{moment(time)}</th>
                  <td className="number">
                    {treatment?.units === undefined ? '' : count(treatment.units.control + treatment.units.treatment)}
                  </td>
                  <td className="number">
                    {interval === undefined ? treatment?.sentence : intervalText(interval, said)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  )
}
