import { useEffect, useMemo, useRef, useState } from 'react'
import { Link } from '../parts/link.tsx'
import { count, rate } from '../parts/numbers.ts'
import { changed } from '../place.ts'
import type { ServiceNow } from '../status.ts'
import { healthOf } from './health.ts'
import { card, type Edge, edgeKey, type Laid, layOut, type Spot } from './layout.ts'

/** Where events and calls run. The table beside it says the same in words. */
export function LandscapeMap({
  services,
  chosen,
}: {
  readonly services: readonly ServiceNow[]
  readonly chosen: string | undefined
}) {
  const frame = useRef<HTMLDivElement>(null)
  const room = useWidth(frame)
  const shape = JSON.stringify([services.map(({ service }) => service), edgesOf(services), Math.round(room / 40)])
  const laid = useMemo(
    () =>
      layOut(
        services.map(({ service }) => service),
        edgesOf(services),
        room,
      ),
    [shape],
  )
  const edges = edgesOf(services)
  const rates = new Map(services.map((one) => [one.service, one.rates.at(-1) ?? 0]))
  return (
    <div className="map" ref={frame} role="region" aria-label="Map of services" tabIndex={0}>
      <div style={{ width: laid.width, height: laid.height }} className="map-field">
        <svg width={laid.width} height={laid.height} aria-hidden="true">
          {edges.map((edge) => (
            <Line
              key={`${edge.kind} ${edge.from} ${edge.to}`}
              edge={edge}
              laid={laid}
              chosen={chosen}
              flows={(rates.get(edge.from) ?? 0) > 0}
            />
          ))}
        </svg>
        <ul>
          {services.map((service) => (
            <Card key={service.service} service={service} spot={laid.spots.get(service.service)!} chosen={chosen} />
          ))}
        </ul>
      </div>
    </div>
  )
}

export function edgesOf(services: readonly ServiceNow[]): Edge[] {
  const known = new Set(services.map(({ service }) => service))
  const edges = services.flatMap(({ service, consumers, calls }) => [
    ...consumers.flatMap(({ reads }) =>
      reads.map((read): Edge => ({ from: read.service, to: service, kind: 'reads' })),
    ),
    ...calls.map((call): Edge => ({ from: service, to: call.service, kind: 'calls' })),
  ])
  const one = new Map(
    edges
      .filter(({ from, to }) => known.has(from) && known.has(to) && from !== to)
      .map((edge) => [`${edge.kind} ${edge.from} ${edge.to}`, edge]),
  )
  return [...one.values()]
}

function Card({
  service,
  spot,
  chosen,
}: {
  readonly service: ServiceNow
  readonly spot: Spot
  readonly chosen: string | undefined
}) {
  const health = healthOf(service)
  const isChosen = chosen === service.service
  return (
    <li
      className="card"
      data-health={health.kind}
      data-chosen={isChosen || undefined}
      style={{ transform: `translate(${spot.x}px, ${spot.y}px)`, width: card.width, height: card.height }}
    >
      <Link to={changed({ service: isChosen ? undefined : service.service })} current={isChosen}>
        <strong>{service.service}</strong>
        <span className="card-facts">
          {service.elsewhere ? 'in another process' : `${count(service.position)} events`}
          <b>{service.elsewhere ? '' : `${rate(service.rates.at(-1) ?? 0)}/s`}</b>
        </span>
        {health.kind !== 'well' && <em>{health.sentence}</em>}
      </Link>
    </li>
  )
}

interface LineProps {
  readonly edge: Edge
  readonly laid: Laid
  readonly chosen: string | undefined
  readonly flows: boolean
}

function Line({ edge, laid, chosen, flows }: LineProps) {
  const [from, to] = [laid.spots.get(edge.from), laid.spots.get(edge.to)]
  if (from === undefined || to === undefined) return null
  const touches = chosen === undefined ? undefined : edge.from === chosen || edge.to === chosen
  return (
    <path
      className="line"
      data-kind={edge.kind}
      data-touches={touches}
      data-flows={flows && edge.kind === 'reads' ? true : undefined}
      d={curve(from, to, edge.kind, laid.passages.get(edgeKey(edge)))}
    />
  )
}

/** From the side that faces the other, through the passages between; calls a little lower, so that both can be seen. */
function curve(from: Spot, to: Spot, kind: Edge['kind'], passages: readonly Spot[] = []): string {
  const middle = card.height / 2 + (kind === 'calls' ? 12 : -8)
  if (Math.abs(from.x - to.x) < 1) {
    const [x, side] = [from.x + card.width, 34 + Math.abs(from.y - to.y) / 6]
    return `M${x} ${from.y + middle} C${x + side} ${from.y + middle} ${x + side} ${to.y + middle} ${x} ${to.y + middle}`
  }
  const right = to.x > from.x
  const [out, into] = right ? [card.width, 0] : [0, card.width]
  const between = kind === 'reads' ? (right ? passages : passages.toReversed()) : []
  let [x, y] = [from.x + out, from.y + middle]
  let path = `M${x} ${y}`
  const bendTo = (nextX: number, nextY: number) => {
    const bend = Math.max(36, Math.abs(nextX - x) / 2) * (right ? 1 : -1)
    path += ` C${x + bend} ${y} ${nextX - bend} ${nextY} ${nextX} ${nextY}`
    ;[x, y] = [nextX, nextY]
  }
  for (const spot of between) {
    bendTo(spot.x + into, spot.y)
    x = spot.x + out
    path += ` H${x}`
  }
  bendTo(to.x + into, to.y + middle)
  return path
}

function useWidth(frame: { readonly current: HTMLDivElement | null }): number {
  const [width, setWidth] = useState(960)
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    watch.observe(frame.current!)
    return () => watch.disconnect()
  }, [frame])
  return width
}
