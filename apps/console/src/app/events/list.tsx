import { type KeyboardEvent, type UIEvent, useEffect, useRef, useState } from 'react'
import { Link } from '../parts/link.tsx'
import { count } from '../parts/numbers.ts'
import { change, changed } from '../place.ts'
import { clock, type Entry } from './event.ts'

const rowHeight = 32
const beyond = 8

interface EventListProps {
  readonly entries: readonly Entry[]
  readonly chosen: string | undefined
  /** Told when the reader has left the top, where new ones come in. */
  readonly onAway: (away: boolean) => void
}

/** Thousands of entries, of which those in sight are drawn. Arrows move from one to the next. */
export function EventList({ entries, chosen, onAway }: EventListProps) {
  const frame = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setHeight(entry!.contentRect.height))
    watch.observe(frame.current!)
    return () => watch.disconnect()
  }, [])
  const scrolled = ({ currentTarget }: UIEvent<HTMLDivElement>) => {
    setTop(currentTarget.scrollTop)
    onAway(currentTarget.scrollTop > rowHeight)
  }
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond)
  const last = Math.min(entries.length, Math.ceil((top + height) / rowHeight) + beyond)
  const at = entries.findIndex(({ key }) => key === chosen)
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = entries[Math.min(entries.length - 1, Math.max(0, at + step))]
    if (next?.kind !== 'event') return
    change({ event: next.key })
    bringIntoSight(frame.current!, entries.indexOf(next))
  }
  return (
    <div
      className="events"
      ref={frame}
      onScroll={scrolled}
      onKeyDown={move}
      role="region"
      aria-label="Events, newest first"
      tabIndex={0}
    >
      <ol style={{ height: entries.length * rowHeight }}>
        {entries.slice(first, last).map((entry, index) => (
          <li
            key={entry.key}
            style={{ transform: `translateY(${(first + index) * rowHeight}px)` }}
            data-chosen={entry.key === chosen || undefined}
          >
            {entry.kind === 'event' ? <Row entry={entry} chosen={entry.key === chosen} /> : <Skipped entry={entry} />}
          </li>
        ))}
      </ol>
    </div>
  )
}

function Row({ entry, chosen }: { readonly entry: Entry & { readonly kind: 'event' }; readonly chosen: boolean }) {
  const { service, event, at, text } = entry
  return (
    <Link to={changed({ event: chosen ? undefined : entry.key })} current={chosen} className="event">
      <time dateTime={at}>{clock(at)}</time>
      <span className="event-service">{service}</span>
      <span className="event-type">{event.type}</span>
      <span className="event-data">{text}</span>
      <span className="event-position">{event.position}</span>
    </Link>
  )
}

function Skipped({ entry }: { readonly entry: Entry & { readonly kind: 'skipped' } }) {
  const { service, from, to } = entry
  return (
    <Link to={changed({ service, after: String(from - 1), event: undefined })} className="skipped">
      {service}: {count(to - from + 1)} positions passed over, {count(from)} to {count(to)}. <span>Show them</span>
    </Link>
  )
}

function bringIntoSight(frame: HTMLElement, index: number): void {
  const [from, to] = [index * rowHeight, (index + 1) * rowHeight]
  if (from < frame.scrollTop) frame.scrollTop = from
  if (to > frame.scrollTop + frame.clientHeight) frame.scrollTop = to - frame.clientHeight
}
