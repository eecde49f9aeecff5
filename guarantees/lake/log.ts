import type { SourceEvent, SourcePage } from '@headwater/consumer'
import { randomFrom } from '../../bench/harness/random.ts'

/** The logs that are landed: every writer, and the judge, make the same events from a position alone. */
export const services = { pots: 25_000, cards: 18_000, jars: 7_000 } as const
export type Service = keyof typeof services

/** A log that went on otherwise beyond a position, as after a restore. */
export interface Fork {
  readonly service: Service
  readonly log: string
  readonly position: number
}

/** What becomes of the events of a service beyond a position. */
const beyond = (fork: Fork | undefined, service: Service, position: number): boolean =>
  fork?.service === service && position > fork.position

/** The payload as JSON text; its shape changes with the position, as payloads do over the years. */
export function dataAt(service: Service, position: number, fork?: Fork): string {
  const random = randomFrom(position * 31 + service.length + (beyond(fork, service, position) ? 1_000_003 : 0))
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

export function idAt(service: Service, position: number, fork?: Fork): string {
  return `${service}-${position}${beyond(fork, service, position) ? '-anew' : ''}`
}

function eventAt(service: Service, position: number, fork: Fork | undefined): SourceEvent {
  const json = dataAt(service, position, fork)
  const at = new Date(1_770_000_000_000 + position * 1_000).toISOString()
  const [id, type, stream] = [idAt(service, position, fork), typeAt(service, position), `thing-t${position % 50}`]
  const envelope = { occurredAt: at, recordedAt: at, correlationId: id, causationId: id, schemaVersion: 1 }
  const text = `{"id":"${id}","type":"${type}","subject":"${stream}","position":${position},"data":${json}}`
  return { position, id, type, stream, streamVersion: position, data: JSON.parse(json), text, ...envelope }
}

export function pageAt(service: Service, from: number, count: number, fork: Fork | undefined): SourcePage {
  const to = Math.min(from + count - 1, services[service])
  const events = Array.from({ length: to - from + 1 }, (_, index) => eventAt(service, from + index, fork))
  const log = fork?.service === service ? fork.log : `log-${service}`
  return { log, from, to, events, atEnd: to === services[service] }
}
