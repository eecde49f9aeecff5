import { useQuery } from '@tanstack/react-query'
import { Empty, Trouble } from '../parts/empty.tsx'
import { Link } from '../parts/link.tsx'
import { SaidAs } from '../parts/said-as.tsx'
import { changed } from '../place.ts'
import { Chain } from './chain.tsx'
import { Consumed } from './consumed.tsx'
import { clock } from './event.ts'
import { feedPage, feedUrl } from './feed-page.ts'
import { Json } from './json.tsx'
import { chainOf } from './related.ts'

/** @param place `payments/123` */
export function OneEvent({ place }: { readonly place: string }) {
  const [service = '', at = ''] = place.split('/')
  const position = Number(at)
  const { data, error, isPending } = useQuery({
    queryKey: ['event', place],
    queryFn: async () => ({
      event:
        (await feedPage(service, { after: position - 1, limit: 1 })).events.find((one) => one.position === position) ??
        null,
      url: await feedUrl(service),
    }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const event = data?.event ?? undefined
  const related = useQuery({
    queryKey: ['chain', event?.id],
    queryFn: () => chainOf(event!),
    enabled: event !== undefined,
    // The lake is a moment behind, and effects come later than their cause.
    refetchInterval: ({ state }) => (state.dataUpdateCount < 8 ? 1_000 : 10_000),
  })
  if (isPending) return <aside className="beside" aria-label={place} />
  if (error !== null || event === undefined) {
    return (
      <aside className="beside" aria-label={place}>
        {error === null ? (
          <Empty below title="No such event" command={`headwater events ${service} --limit 5`}>
            Nothing of {service} lies at position {at}.
          </Empty>
        ) : (
          <Trouble below error={error} command="headwater ps" />
        )}
      </aside>
    )
  }
  const facts = [
    ['Stream', event.subject],
    ['Version in it', event.streamversion],
    ['Position', `${service} ${event.position}`],
    ['Happened', `${event.time.slice(0, 10)} ${clock(event.time)}`],
    ['Recorded', `${event.recordedtime.slice(0, 10)} ${clock(event.recordedtime)}`],
    ['Id', event.id],
  ] as const
  return (
    <aside className="beside" aria-label={`${event.type} of ${service}`}>
      <header className="screen-head">
        <div>
          <h2>{event.type}</h2>
          <p className="quiet">{service}</p>
        </div>
        <Link to={changed({ event: undefined })} className="button" label="Close event">
          Close
        </Link>
      </header>
      <Chain event={event} service={service} related={related.data} error={related.error} />
      <h3>What it says</h3>
      <Json value={event.data} />
      <Consumed event={event} service={service} related={related.data} />
      <h3>Envelope</h3>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={name === 'Id' || name === 'Stream' ? 'mono' : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
      <footer>
        <SaidAs
          command={`headwater why ${event.id}\nheadwater history ${service}/${event.subject}`}
          url={`${data!.url}/${event.position}`}
          accept="application/cloudevents+json"
        />
      </footer>
    </aside>
  )
}
