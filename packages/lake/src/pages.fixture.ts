import type { SourceEvent, SourcePage } from '@headwater/consumer'

/** An event as a feed would serve it; its data may be given as JSON text, to be kept as it stands. */
export function event(position: number, type: string, data: unknown, more: Partial<SourceEvent> = {}): SourceEvent {
  const json = typeof data === 'string' ? data : JSON.stringify(data)
  const second = String(position % 60).padStart(2, '0')
  const minute = String(Math.floor(position / 60) % 60).padStart(2, '0')
  const envelope = {
    position,
    id: `e${position}`,
    type,
    stream: 'pot-p1',
    streamVersion: position,
    schemaVersion: 1,
    occurredAt: `2026-03-01T10:${minute}:${second}.000Z`,
    recordedAt: `2026-03-01T10:${minute}:${second}.000123Z`,
    correlationId: `r${position}`,
    causationId: `r${position}`,
    ...more,
  }
  const { id, stream } = envelope
  return {
    ...envelope,
    data: JSON.parse(json),
    text: `{"specversion":"1.0","id":${JSON.stringify(id)},"type":"${type}","subject":${JSON.stringify(stream)},"position":${position},"data":${json}}`,
  }
}

/** A page that covers its events' positions. */
export function page(events: readonly SourceEvent[], more: Partial<SourcePage> = {}): SourcePage {
  return { log: 'log-1', from: events[0]!.position, to: events.at(-1)!.position, events, atEnd: true, ...more }
}
