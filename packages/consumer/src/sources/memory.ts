import { randomUUID } from 'node:crypto'
import { LogForked } from '@headwater/feed'
import type { Cursor, ReadRequest, Source, SourceEvent, SourcePage } from '../source.ts'

/** What is given to append: the rest of the envelope is made up. */
export type MemoryEvent = Pick<SourceEvent, 'type' | 'stream' | 'data'> & Partial<SourceEvent>

/** Logs of services held in memory, as a source: for tests of handlers. */
export interface MemorySource extends Source {
  /** Answers the position of the last event. */
  append(service: string, ...events: MemoryEvent[]): number
  last(service: string): number
  /** Goes on as another lineage from a position: what came after it is gone. */
  fork(service: string, at: number): void
}

interface Held {
  lineage: { log: string; forkedAt: number }[]
  events: SourceEvent[]
  waiting: Set<() => void>
}

/** @param pageEvents most events in a page (default 1,000). */
export function memorySource({ pageEvents = 1_000 }: { pageEvents?: number } = {}): MemorySource {
  const logs = new Map<string, Held>()
  const logOf = (service: string): Held => {
    const known = logs.get(service) ?? { lineage: [{ log: randomUUID(), forkedAt: 0 }], events: [], waiting: new Set() }
    logs.set(service, known)
    return known
  }
  const changed = ({ waiting }: Held): void => {
    for (const wake of waiting) wake()
  }
  return {
    name: 'memory',
    read: (request) => read(logOf(request.service), request, pageEvents),
    append(service, ...events) {
      const log = logOf(service)
      for (const event of events) log.events.push(whole(event, log.events.length + 1))
      changed(log)
      return log.events.length
    },
    last: (service) => logOf(service).events.length,
    fork(service, at) {
      const log = logOf(service)
      log.events = log.events.slice(0, at)
      log.lineage.unshift({ log: randomUUID(), forkedAt: at })
      changed(log)
    },
  }
}

function whole(event: MemoryEvent, position: number): SourceEvent {
  const id = event.id ?? randomUUID()
  const now = new Date().toISOString()
  const filled = {
    streamVersion: position,
    schemaVersion: 1,
    occurredAt: now,
    recordedAt: now,
    correlationId: id,
    causationId: id,
    ...event,
    id,
    position,
  }
  return { ...filled, text: event.text ?? JSON.stringify(filled) }
}

async function* read(log: Held, request: ReadRequest, pageEvents: number): AsyncIterable<SourcePage> {
  const { after, types, signal } = request
  check(log, request)
  const lineage = log.lineage[0]!.log
  let position = after === 'start' ? 0 : after === 'end' ? log.events.length : after.position
  for (let first = true; !signal.aborted; first = false) {
    if (log.lineage[0]!.log !== lineage) return // as a server that went away: the reader comes back with its cursor
    if (!first && position === log.events.length) {
      await changeOf(log, signal)
      continue
    }
    const range = log.events.slice(position, position + pageEvents)
    const to = position + range.length
    const events = range.filter(({ type }) => types.includes(type))
    const cursor = { log: lineage, position: to, id: log.events[to - 1]?.id ?? '' }
    yield { log: lineage, from: position + 1, to, cursor, events, atEnd: to === log.events.length }
    position = to
  }
}

function check({ events, lineage }: Held, { after, service }: ReadRequest): void {
  if (typeof after === 'string' || after.position === 0) return
  const there = events[after.position - 1]
  if (there !== undefined && (after.id === '' || there.id === after.id)) return
  const place = lineage.findIndex(({ log }) => log === after.log)
  const at = Math.min(...lineage.slice(0, Math.max(1, place)).map(({ forkedAt }) => forkedAt))
  const fork: Cursor = { log: lineage[0]!.log, position: at, id: events[at - 1]?.id ?? '' }
  throw new LogForked(service, fork)
}

async function changeOf({ waiting }: Held, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      waiting.delete(finish)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    waiting.add(finish)
    signal.addEventListener('abort', finish, { once: true })
    if (signal.aborted) finish()
  })
}
