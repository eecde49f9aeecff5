import { useQuery } from '@tanstack/react-query'
import { Trouble } from '../parts/empty.tsx'
import { Link } from '../parts/link.tsx'
import { count } from '../parts/numbers.ts'
import { changed } from '../place.ts'
import { entryOf, type FeedEvent } from './event.ts'
import { type Filters, matches } from './filters.tsx'
import { feedPage } from './feed-page.ts'
import { EventList } from './list.tsx'

const most = 200

interface StretchProps {
  readonly service: string
  readonly after: number
  readonly filters: Filters
  readonly chosen: string | undefined
}

/** Positions of one log as they lie there for ever. */
export function Stretch({ service, after, filters, chosen }: StretchProps) {
  const { types, published, text } = filters
  const { data, error } = useQuery({
    queryKey: ['stretch', service, after, types, published],
    queryFn: () => feedPage(service, { after, limit: most, types, published }),
  })
  if (error !== null) return <Trouble below error={error} command={`headwater events ${service} --after ${after}`} />
  const entries = (data?.events ?? []).map((event: FeedEvent) => entryOf(service, event)).reverse()
  const shown = entries.filter(
    (one) =>
      one.kind === 'event' && (text === '' || matches(`${one.event.type} ${one.event.subject} ${one.text}`, text)),
  )
  const earlier = Math.max(0, after - most)
  return (
    <>
      <div className="tail-head">
        <p role="status">
          {data === undefined
            ? `Reading ${service}`
            : `${service}, positions ${count(data.from)} to ${count(data.to)}${data.atEnd ? ', the end of its log' : ''}.`}
        </p>
        {after > 0 && (
          <Link to={changed({ after: String(earlier), event: undefined })} className="button">
            Earlier
          </Link>
        )}
        {data?.atEnd === false && (
          <Link to={changed({ after: String(data.to), event: undefined })} className="button">
            Later
          </Link>
        )}
        <Link to={changed({ after: undefined, event: undefined })} className="button">
          Live
        </Link>
      </div>
      <EventList entries={shown} chosen={chosen} onAway={() => undefined} />
    </>
  )
}
