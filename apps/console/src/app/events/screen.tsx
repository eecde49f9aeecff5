import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { ToggleButton } from 'react-aria-components/ToggleButton'
import { Empty } from '../parts/empty.tsx'
import { count, plural } from '../parts/numbers.ts'
import { SaidAs } from '../parts/said-as.tsx'
import { change, usePlace } from '../place.ts'
import { entry } from '../reach.ts'
import { type Status, statusQuery } from '../status.ts'
import type { Entry } from './event.ts'
import { feedUrl } from './feed-page.ts'
import { type Filters, FilterBar, filtersOf, matches } from './filters.tsx'
import { EventList } from './list.tsx'
import { OneEvent } from './one-event.tsx'
import { Stretch } from './stretch.tsx'
import { type Shown, Tail } from './tail.ts'
import './events.css'

/** What happens, as it happens; and any one event with its causes and effects. */
export default function Events() {
  const { query } = usePlace()
  const { data: all = [] } = useQuery({ ...statusQuery, select: namesOf })
  const filters = filtersOf(query)
  const chosen = query.get('event') ?? undefined
  const [service] = filters.services
  const after = query.get('after')
  const asked = service ?? all[0]
  const { data: feed } = useQuery({
    queryKey: ['feed', asked, filters.published],
    queryFn: () => feedUrl(asked!, filters.published),
    enabled: asked !== undefined,
  })
  return (
    <div className="screen events-screen" data-beside={chosen !== undefined || undefined}>
      <div className="screen-main">
        <header className="screen-head">
          <div>
            <h1>Events</h1>
          </div>
          <SaidAs {...saidAs(filters, feed)} />
        </header>
        <FilterBar filters={filters} all={all} />
        {after !== null && service !== undefined ? (
          <Stretch service={service} after={Number(after)} filters={filters} chosen={chosen} />
        ) : (
          <Live filters={filters} chosen={chosen} />
        )}
      </div>
      {chosen !== undefined && <OneEvent key={chosen} place={chosen} />}
    </div>
  )
}

/** Names alone, so that the screen is drawn anew when they change, not each second. */
const namesOf = ({ services }: Status): readonly string[] => services.map(({ service }) => service)

function Live({ filters, chosen }: { readonly filters: Filters; readonly chosen: string | undefined }) {
  const { query } = usePlace()
  const paused = query.get('paused') !== null
  const [away, setAway] = useState(false)
  const asked = new URLSearchParams([
    ...filters.services.map((one) => ['service', one]),
    ...filters.types.map((one) => ['type', one]),
  ])
  if (filters.published) asked.set('view', 'published')
  const key = asked.toString()
  const tail = useMemo(() => new Tail(new URLSearchParams(key)), [key])
  const shown = useSyncExternalStore(tail.listen, tail.shown)
  useEffect(() => tail.hold(paused || away), [tail, paused, away])
  const entries = useMemo(() => narrowed(shown.entries, filters.text), [shown.entries, filters.text])
  return (
    <>
      <div className="tail-head">
        <p role="status">{said(shown, entries.length, paused, filters)}</p>
        {away && !paused && shown.waiting > 0 && <span className="tag accent">{count(shown.waiting)} newer above</span>}
        <ToggleButton
          className="button"
          isSelected={paused}
          onChange={(on) => change({ paused: on ? 'yes' : undefined })}
        >
          {paused ? 'Go on' : 'Pause'}
        </ToggleButton>
      </div>
      {entries.length === 0 && shown.state === 'live' ? (
        <Empty
          below
          title="Nothing has happened yet"
          command={
            filters.text === ''
              ? 'headwater simulate --customers 20 --days 3'
              : 'headwater query "select * from events limit 10"'
          }
        >
          {filters.text === ''
            ? 'Events show here as they are recorded.'
            : 'No event in the list holds these words. Older ones can be asked for in SQL.'}
        </Empty>
      ) : (
        <EventList entries={entries} chosen={chosen} onAway={setAway} />
      )}
    </>
  )
}

function narrowed(entries: readonly Entry[], words: string): readonly Entry[] {
  if (words === '') return entries
  return entries.filter(
    (one) =>
      one.kind === 'skipped' ||
      matches(`${one.service} ${one.event.type} ${one.event.subject} ${one.event.id} ${one.text}`, words),
  )
}

function said(
  { state, waiting, listed, passedOver, trouble }: Shown,
  showing: number,
  paused: boolean,
  { text }: Filters,
): string {
  if (state === 'broken') return 'The connection is lost; it goes on where it was as soon as there is one.'
  if (trouble !== undefined) return trouble
  const words = text === '' ? '' : `${count(showing)} with these words. `
  const over = passedOver === 0 ? 'nothing passed over' : `${plural(passedOver, 'position')} passed over`
  if (paused) return `${words}Paused; ${count(waiting)} newer.`
  return `${words}Live: ${plural(listed, 'event')} listed, ${over}.`
}

function saidAs({ services: [service = 'SERVICE'], types }: Filters, feed = entry) {
  const narrowing = types.map((type) => ` --type ${type}`).join('')
  const asked = new URLSearchParams([['after', 'end'], ...types.map((type) => ['type', type])])
  return {
    command: `headwater events ${service} --all --follow${narrowing}`,
    url: `${feed}?${asked}`,
    accept: 'text/event-stream',
  }
}
