import { useQuery } from '@tanstack/react-query'
import { Link } from '../parts/link.tsx'
import { count } from '../parts/numbers.ts'
import { SaidAs } from '../parts/said-as.tsx'
import { changed } from '../place.ts'
import { landscape } from '../reach.ts'
import type { ServiceNow } from '../status.ts'
import { Consumer } from './table.tsx'

interface Promised {
  readonly types: Readonly<
    Record<string, { readonly level: string; readonly readers?: readonly string[]; readonly until?: string }>
  >
}
interface Readers {
  readonly readers: readonly {
    readonly name: string
    /** Absent where it declared nothing: it counts as reading everything. */
    readonly reads?: Readonly<Record<string, readonly string[]>>
    readonly lastRead?: string
  }[]
}

const levels = ['published', 'experimental', 'deprecated', 'internal']

/** One service: what it promises, who reads it, what it reads. */
export function ServicePanel({ service, all }: { readonly service: ServiceNow; readonly all: readonly ServiceNow[] }) {
  const { data } = useQuery({
    queryKey: ['service', service.service],
    queryFn: async () => {
      const home = await landscape.service(service.service)
      const contract = await home.follow('contract')
      const readers = (await contract.follow('readers')) ?? undefined
      return {
        feed: home.href('events'),
        contract: contract.state as Promised,
        readers: readers?.state as Readers | undefined,
      }
    },
    refetchInterval: 10_000,
  })
  const types = Object.entries(data?.contract.types ?? {}).sort(
    ([a, one], [b, other]) => levels.indexOf(one.level) - levels.indexOf(other.level) || (a < b ? -1 : 1),
  )
  const readers = data?.readers?.readers ?? []
  const callers = all.filter(({ calls }) => calls.some((call) => call.service === service.service))
  return (
    <aside className="beside" aria-label={service.service}>
      <header className="screen-head">
        <div>
          <h2>{service.service}</h2>
          <p className="quiet">{service.title}</p>
        </div>
        <Link to={changed({ service: undefined })} className="button" label={`Close ${service.service}`}>
          Close
        </Link>
      </header>
      <dl className="facts">
        <div>
          <dt>Events kept</dt>
          <dd>{count(service.position)}</dd>
        </div>
        <div>
          <dt>Called by</dt>
          <dd>{callers.length === 0 ? 'no service' : callers.map((one) => one.service).join(', ')}</dd>
        </div>
        {service.projections.map(({ name, lag }) => (
          <div key={name}>
            <dt>Projection {name}</dt>
            <dd>{lag === 0 ? 'caught up' : `${count(lag)} behind`}</dd>
          </div>
        ))}
      </dl>
      <h3>Consumers</h3>
      {service.consumers.length === 0 ? (
        <p className="quiet">It reads nobody.</p>
      ) : (
        <ul className="consumers">
          {service.consumers.map((consumer) => (
            <li key={consumer.name}>
              <Consumer consumer={consumer} />
            </li>
          ))}
        </ul>
      )}
      <h3>Readers</h3>
      {readers.length === 0 ? (
        <p className="quiet">Nobody reads it.</p>
      ) : (
        <ul className="lines">
          {readers.map(({ name, reads }) => (
            <li key={name}>
              {name}{' '}
              <span className="quiet">
                {reads === undefined ? 'anything: it declared nothing' : Object.keys(reads).join(', ')}
              </span>
            </li>
          ))}
        </ul>
      )}
      <h3>Event types</h3>
      <ul className="lines types">
        {types.map(([type, { level, until }]) => (
          <li key={type}>
            <Link to={`/events?service=${service.service}&type=${type}`}>{type}</Link>
            <span className={`level ${level}`}>
              {level}
              {until === undefined ? '' : ` until ${until}`}
            </span>
          </li>
        ))}
      </ul>
      <footer>
        <Link to={`/events?service=${service.service}`} className="button">
          Its events, live
        </Link>
        {data?.feed !== undefined && (
          <SaidAs command={`headwater events ${service.service} --limit 20`} url={`${data.feed}?limit=20`} />
        )}
      </footer>
    </aside>
  )
}
