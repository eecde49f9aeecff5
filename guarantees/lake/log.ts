import type { SourceEvent, SourcePage } from '@headwater/consumer'
import { randomFrom } from '../../bench/harness/random.ts'

/** The logs that are landed: every writer, and the judge, make the same events from a position alone. */
export const services = { pots: 25_000, cards: 18_000, jars: 7_000 } as const
export type Service = keyof typeof services

/** The payload as JSON text; its shape changes with the position, as payloads do over the years. */
export function dataAt(service: Service, position: number): string {
  const random = randomFrom(position * 31 + service.length)
  const amount = Math.floor(random() * 100_000)
  const grown = position > services[service] / 2 ? `,"note":"n${position % 97} \\u00e9"` : ''
  const widened = service === 'jars' && position > 3_000 ? `${amount}.50` : `${amount}`
  return `{"customerId":"c${position % 500}","amountMinor":${widened}, "n" : 1.10${grown}}`
}

export function typeAt(service: Service, position: number): string {
  return service === 'cards'
    ? position % 7 === 0
      ? 'CardOrdered'
      : 'CardPaid'
    : position % 3 === 0
      ? 'Saved'
      : 'Withdrawn'
}

export function idAt(service: Service, position: number): string {
  return `${service}-${position}`
}

function eventAt(service: Service, position: number): SourceEvent {
  const json = dataAt(service, position)
  const at = new Date(1_770_000_000_000 + position * 1_000).toISOString()
  const [id, type, stream] = [idAt(service, position), typeAt(service, position), `thing-t${position % 50}`]
  const envelope = { occurredAt: at, recordedAt: at, correlationId: id, causationId: id, schemaVersion: 1 }
  const text = `{"id":"${id}","type":"${type}","subject":"${stream}","position":${position},"data":${json}}`
  return { position, id, type, stream, streamVersion: position, data: JSON.parse(json), text, ...envelope }
}

export function pageAt(service: Service, from: number, count: number): SourcePage {
  const to = Math.min(from + count - 1, services[service])
  const events = Array.from({ length: to - from + 1 }, (_, index) => eventAt(service, from + index))
  return { log: `log-${service}`, from, to, events, atEnd: to === services[service] }
}
