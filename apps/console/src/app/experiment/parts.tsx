import type { ReactNode } from 'react'
import { Copied } from '../parts/copied.tsx'
import { Link } from '../parts/link.tsx'
import { count, percent, plural, span } from '../parts/numbers.ts'
import {
  type Declaration,
  type Epochs,
  type Exposures,
  type Forecast,
  type Ledger,
  type Ratio,
  type Removal,
  usePart,
} from './reading.ts'
import { moment } from './values.ts'

interface PartProps {
  readonly title: string
  /** Of the question that it shows the answer of. */
  readonly of: { readonly error: Error | null; readonly isPending: boolean }
  readonly children: ReactNode
}

function Part({ title, of: { error, isPending }, children }: PartProps) {
  return (
    <section className="panel part" aria-label={title}>
      <h2>{title}</h2>
      {error !== null ? (
        <p className="quiet">{error.message}</p>
      ) : isPending ? (
        <p className="quiet">Reading</p>
      ) : (
        children
      )}
    </section>
  )
}

/** Who was exposed, against the weights. */
export function ExposuresPart({ name, declaration }: { readonly name: string; readonly declaration: Declaration }) {
  const part = usePart<Exposures>(name, 'exposures')
  const { data } = part
  const variants = Object.entries(data?.variants ?? {})
  const all = variants.reduce((sum, [, { exposed }]) => sum + exposed, 0)
  const days = [...new Set(data?.perDay.map(({ day }) => day))]
  return (
    <Part title="Exposures" of={part}>
      <p className="quiet">
        {plural(all, 'unit')} exposed
        {data?.carriedOver ? `; ${count(data.carriedOver)} carried over from an earlier era count nowhere` : ''}.
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">Variant</th>
            <th scope="col" className="number">
              Exposed
            </th>
            <th scope="col" className="number">
              Share
            </th>
            <th scope="col" className="number">
              Seen
            </th>
          </tr>
        </thead>
        <tbody>
          {variants.map(([variant, { exposed, seen }]) => (
            <tr key={variant}>
              <th scope="row">
                {variant}
                <span className="quiet"> {declaration.variants[variant]} %</span>
              </th>
              <td className="number">{count(exposed)}</td>
              <td className="number">{all === 0 ? '' : `${((exposed / all) * 100).toFixed(1)} %`}</td>
              <td className="number">{count(seen)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <RatioLine ratio={data?.sampleRatio} />
      {days.length > 0 && (
        <details>
          <summary>By day</summary>
          <table>
            <thead>
              <tr>
                <th scope="col">First exposed on</th>
                {variants.map(([variant]) => (
                  <th key={variant} scope="col" className="number">
                    {variant}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {days.map((day) => (
                <tr key={day}>
                  <th scope="row">{day}</th>
                  {variants.map(([variant]) => (
                    <td key={variant} className="number">
                      {count(data?.perDay.find((one) => one.day === day && one.variant === variant)?.units ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </Part>
  )
}

function RatioLine({ ratio }: { readonly ratio: Ratio | undefined }) {
  if (ratio === undefined) return null
  if (ratio.sentence !== undefined) return <p className="quiet">{ratio.sentence}</p>
  return ratio.mismatch === true ? (
    <p className="tag bad">Ratio check: not as allocated (p {ratio.p?.toPrecision(2)}). Do not trust the rest.</p>
  ) : (
    <p>
      <span className="tag good">ratio as allocated</span>{' '}
      <span className="quiet">p {ratio.p?.toFixed(2)}, valid at every look</span>
    </p>
  )
}

/** Recorded exposures held against assignment computed again. */
export function LedgerPart({ name }: { readonly name: string }) {
  const part = usePart<Ledger>(name, 'ledger')
  const { data } = part
  return (
    <Part title="Loss ledger" of={part}>
      {data && (
        <>
          <p>
            {data.unexplained === 0 ? (
              <span className="tag good">nothing lost</span>
            ) : (
              <span className="tag bad">{count(data.unexplained)} unexplained</span>
            )}{' '}
            <span className="quiet">assignment computed again for every request</span>
          </p>
          <dl className="facts">
            <Fact name="Requests that ask for the variant" value={data.requests} />
            <Fact name="Exposures recorded with them" value={data.exposures} />
            <Fact name="Refused before the variant was asked" value={data.refused} />
            <Fact name="On their way while the allocation changed" value={data.inFlight} />
          </dl>
          {data.faults.length > 0 && (
            <ul className="lines">
              {data.faults.map((fault) => (
                <li key={`${fault.event} ${fault.kind}`}>
                  <Link to={`/events?event=${fault.service}/${fault.position}`}>{fault.kind}</Link>
                  <span className="quiet">{fault.because}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Part>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{count(value)}</dd>
    </div>
  )
}

/** Every allocation, and since when each log uses it. */
export function EpochsPart({ name }: { readonly name: string }) {
  const part = usePart<Epochs>(name, 'epochs')
  const { data } = part
  return (
    <Part title="Epochs" of={part}>
      {data?.epochs.length === 0 && <p className="quiet">No allocation yet.</p>}
      <ol className="epochs">
        {data?.epochs.toReversed().map(({ version, changedAt, coverage, everybody, logs, waiting }) => (
          <li key={version}>
            <strong>{version}</strong>
            <div>
              {everybody === undefined ? `By weight, ${coverage} % take part` : `Everybody gets ${everybody}`}
              <span className="quiet"> {moment(changedAt)}</span>
              {logs.map((log) => (
                <div key={log.service} className="quiet small">
                  {log.service} since position {count(log.position)}, after {span(log.afterMs / 1_000)}
                </div>
              ))}
              {waiting.length > 0 && <div className="tag warn">{waiting.join(', ')} not yet</div>}
            </div>
          </li>
        ))}
      </ol>
    </Part>
  )
}

/** What it can see with the traffic there was. */
export function ForecastPart({ name }: { readonly name: string }) {
  const part = usePart<Forecast>(name, 'forecast')
  const { data } = part
  return (
    <Part title="Forecast" of={part}>
      {data && (
        <>
          <p className="quiet">
            From {plural(data.history.units, 'unit')} between {moment(data.history.from)} and {moment(data.history.to)}.
          </p>
          {data.expected !== undefined && (
            <p>
              {data.expected.kind === 'computed'
                ? `The stated effect shows in ${plural(data.expected.days, 'day')}, with ${plural(data.expected.units, 'unit')}.`
                : data.expected.sentence}
            </p>
          )}
          <table>
            <thead>
              <tr>
                <th scope="col">By day</th>
                <th scope="col" className="number">
                  Smallest effect seen, 80 % of the time
                </th>
              </tr>
            </thead>
            <tbody>
              {data.visible.map(({ day, lift }) => (
                <tr key={day}>
                  <th scope="row">{day}</th>
                  <td className="number">{lift === null ? 'none with this traffic' : percent(Math.abs(lift))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </Part>
  )
}

/** What goes when it is removed, and who would miss it. */
export function RemovalPart({ name }: { readonly name: string }) {
  const part = usePart<Removal>(name, 'removal')
  const { data } = part
  return (
    <Part title="What removal takes" of={part}>
      {data && (
        <>
          {data.gone === undefined ? (
            <>
              <ul className="goes">
                {data.goes.map((one) => (
                  <li key={`${one.kind} ${one.name}`}>
                    <strong>
                      {one.kind} {one.name}
                    </strong>
                    <span className="quiet">{goesText(one)}</span>
                  </li>
                ))}
              </ul>
              {data.readers.length > 0 && (
                <p className="tag bad">Still read by {data.readers.map(({ reader }) => reader).join(', ')}</p>
              )}
              {data.because !== undefined && <p className="quiet">{data.because}</p>}
              {data.ready && <Copied text={`headwater experiment remove ${name} --because "…"`} />}
            </>
          ) : (
            <ul className="goes">
              {data.gone.map((one) => (
                <li key={one}>
                  <span className="tag good">gone</span> {one}
                </li>
              ))}
              {data.left?.map((one) => (
                <li key={one}>
                  <span className="tag warn">left</span> {one}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Part>
  )
}

const mebibyte = 1_048_576

function goesText({
  byHand,
  events,
  database,
  consumers = [],
  projections = [],
  links = [],
  windDown,
}: Removal['goes'][number]): string {
  if (byHand) return 'in code, taken out by hand'
  return [
    events !== undefined && `${plural(events, 'event')}, archived first`,
    database !== undefined && `database ${database.name} of ${count(database.bytes / mebibyte)} MiB`,
    consumers.length > 0 && `consumers ${consumers.join(', ')}`,
    projections.length > 0 && `projections ${projections.join(', ')}`,
    links.length > 0 && `links from ${links.map(({ service }) => service).join(', ')} end`,
    windDown !== undefined && `${windDown.title}: ${count(windDown.left)} to settle`,
  ]
    .filter(Boolean)
    .join('; ')
}
