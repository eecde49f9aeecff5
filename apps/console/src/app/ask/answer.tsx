import { count, plural } from '../parts/numbers.ts'

export interface Answered {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly unknown[])[]
  readonly truncated: boolean
  readonly at: Readonly<Record<string, number>>
  readonly reads: readonly {
    readonly service: string
    readonly type: string
    readonly fields: readonly string[]
    readonly mayBreak: boolean
  }[]
}

const most = 500
const numeric = /INT|DECIMAL|DOUBLE|FLOAT|HUGEINT/

/** Rows, what they rest on, and the way to take them along. */
export function Answer({
  answered: { columns, rows, truncated, at, reads },
  csv,
}: {
  readonly answered: Answered
  readonly csv: string | undefined
}) {
  const internal = reads
    .filter(({ mayBreak, fields }) => mayBreak && fields.length > 0)
    .map(({ service, type }) => `${service}.${type}`)
  return (
    <section className="panel answer" aria-label="Answer">
      <header className="screen-head">
        <p role="status">
          {plural(rows.length, 'row')}
          {truncated && ', cut short: narrow the question'}
          {rows.length > most && `; the first ${most} are shown`}
          <span className="quiet">
            {' '}
            as of{' '}
            {Object.entries(at)
              .map(([service, position]) => `${service} ${count(position)}`)
              .join(', ')}
          </span>
        </p>
        {csv !== undefined && (
          <a className="button" href={csv} download="answer.csv">
            CSV
          </a>
        )}
      </header>
      {internal.length > 0 && (
        <p className="notice-line">
          May break: it reads what is internal to {internal.join(', ')}. Its owner can change that without asking you.
        </p>
      )}
      <div className="scroll rows" tabIndex={0} role="region" aria-label="Rows">
        <table>
          <thead>
            <tr>
              {columns.map(({ name, type }) => (
                <th key={name} scope="col" className={numeric.test(type) ? 'number' : undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row, index) => (
              <tr key={index}>
                {row.map((value, column) => (
                  <td key={column} className={numeric.test(columns[column]!.type) ? 'number' : undefined}>
                    {textOf(value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const textOf = (value: unknown): string =>
  value === null
    ? ''
    : typeof value === 'number'
      ? count(value) === String(value)
        ? String(value)
        : value.toLocaleString('en', { maximumFractionDigits: 6 })
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value)
