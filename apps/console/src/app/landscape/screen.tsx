import { useQuery } from '@tanstack/react-query'
import { Empty, Trouble } from '../parts/empty.tsx'
import { count, plural, rate } from '../parts/numbers.ts'
import { SaidAs } from '../parts/said-as.tsx'
import { Waiting } from '../parts/waiting.tsx'
import { usePlace } from '../place.ts'
import { entry } from '../reach.ts'
import { type ServiceNow, statusQuery } from '../status.ts'
import { healthOf } from './health.ts'
import { LandscapeMap } from './map.tsx'
import { ServicePanel } from './panel.tsx'
import { LandscapeTable } from './table.tsx'
import './landscape.css'

/** What runs, who reads whom, and how far everybody is. */
export function Landscape() {
  const { query } = usePlace()
  const { data, error } = useQuery(statusQuery)
  if (data === undefined)
    return error === null ? <Waiting what="the landscape" /> : <Trouble error={error} command="headwater dev" />
  const { services } = data
  if (services.length === 0)
    return (
      <Empty title="No service runs here yet" command="headwater new service notes">
        A service is a folder. Make one; it shows here as soon as it is saved.
      </Empty>
    )
  const chosen = services.find(({ service }) => service === query.get('service'))
  return (
    <div className="screen" data-beside={chosen !== undefined || undefined}>
      <div className="screen-main">
        <header className="screen-head">
          <div>
            <h1>Landscape</h1>
            <p className="quiet">{inOneSentence(services)}</p>
          </div>
          <SaidAs command="headwater ps" url={new URL('status', entry).href} />
        </header>
        <section className="panel">
          <LandscapeMap services={services} chosen={chosen?.service} />
          <p className="legend quiet small">
            <span className="legend-reads">reads the feed of</span>
            <span className="legend-calls">calls</span>
          </p>
        </section>
        <section className="panel">
          <LandscapeTable services={services} chosen={chosen?.service} />
        </section>
      </div>
      {chosen !== undefined && <ServicePanel service={chosen} all={services} />}
    </div>
  )
}

function inOneSentence(services: readonly ServiceNow[]): string {
  const consumers = services.flatMap((one) => one.consumers)
  const events = services.reduce((sum, { position }) => sum + position, 0)
  const each = services.reduce((sum, { rates }) => sum + (rates.at(-1) ?? 0), 0)
  const unwell = services.filter((one) => healthOf(one).kind !== 'well')
  const how = unwell.length === 0 ? 'all caught up' : `${plural(unwell.length, 'service')} behind or stuck`
  return `${plural(services.length, 'service')}, ${plural(consumers.length, 'consumer')}, ${count(events)} events kept, ${rate(each)} a second; ${how}.`
}
