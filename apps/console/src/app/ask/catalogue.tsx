import { count } from '../parts/numbers.ts'

export interface Catalogued {
  readonly types: readonly {
    readonly service: string
    readonly type: string
    readonly level: string
    readonly events: number
    readonly fields: readonly { readonly field: string; readonly type: string; readonly personal: boolean }[]
  }[]
}

/** Every event type as a table, with its columns. */
export function Catalogue({ catalogue }: { readonly catalogue: Catalogued | undefined }) {
  const types = (catalogue?.types ?? []).filter(({ events }) => events > 0)
  const services = [...new Set(types.map(({ service }) => service))]
  return (
    <aside className="beside" aria-label="Tables">
      <h2>Tables</h2>
      <p className="quiet small">
        A table per event type; <code>events</code> holds all.
      </p>
      {services.map((service) => (
        <section key={service}>
          <h3>{service}</h3>
          {types
            .filter((one) => one.service === service)
            .sort((a, b) => b.events - a.events)
            .map(({ type, events, level, fields }) => (
              <details key={type} className="catalogued">
                <summary>
                  <span>{type}</span> <span className={`level ${level}`}>{level === 'published' ? '' : level}</span>{' '}
                  <span className="quiet">{count(events)}</span>
                </summary>
                <ul>
                  {fields.map(({ field, type: kind, personal }) => (
                    <li key={field}>
                      <span className="mono">{field}</span>{' '}
                      <span className="quiet">{personal ? 'sealed' : kind.toLowerCase()}</span>
                    </li>
                  ))}
                </ul>
              </details>
            ))}
        </section>
      ))}
    </aside>
  )
}
