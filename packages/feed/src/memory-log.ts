import { randomUUID } from 'node:crypto'
import { lineOf } from './line.ts'
import type { Lineage, Log, LogRow } from './log.ts'

/** What is appended to a log in memory; the rest is made up. */
export type MemoryEvent = Partial<Omit<LogRow, 'position' | 'version'>> & Pick<LogRow, 'type' | 'data'>

export interface MemoryLog extends Log {
  /** Appends events, `data` as JSON text; answers the last position. */
  append(...events: readonly MemoryEvent[]): number
  /** Goes on as a new lineage from a position, as after the restore of a backup; what lay beyond is gone. */
  fork(at: number): void
}

/** A log in memory: for tests, and the least that a log of one's own has to do. */
export function memoryLog(service: string, now: () => Date = () => new Date()): MemoryLog {
  const rows: LogRow[] = []
  const lineage: Lineage[] = [{ log: randomUUID() }]
  const versions = new Map<string, number>()
  const waiting = new Set<() => void>()
  return {
    service,
    append(...events) {
      for (const event of events) rows.push(rowOf(event, rows.length + 1, versions, now().toISOString()))
      for (const wake of waiting) wake()
      return rows.length
    },
    fork(at) {
      lineage.unshift({ log: randomUUID(), parent: lineage[0]!.log, forkedAt: at })
      for (const { stream } of rows.splice(at)) versions.set(stream, versions.get(stream)! - 1)
    },
    lineage: async () => [...lineage],
    last: async () => rows.length,
    async *copy({ after, upTo, types }) {
      const wanted = rows.slice(after, upTo).filter(({ type }) => types === undefined || types.includes(type))
      for (let at = 0; at < wanted.length; at += 100) {
        yield Buffer.from(
          wanted
            .slice(at, at + 100)
            .map((row) => `${lineOf(service, row)}\n`)
            .join(''),
        )
      }
    },
    waitFor: (after, { waitMs, signal }) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer)
          waiting.delete(grown)
          signal?.removeEventListener('abort', done)
          resolve(rows.length)
        }
        const grown = () => (rows.length > after ? done() : undefined)
        const timer = setTimeout(done, waitMs)
        waiting.add(grown)
        signal?.addEventListener('abort', done)
        if (signal?.aborted === true) done()
        else grown()
      }),
    idAt: async (position) => rows[position - 1]?.id,
    positionOf: async (id) => rows.find((row) => row.id === id)?.position,
    before: async (time) => rows.findLastIndex(({ recordedAt }) => Date.parse(recordedAt) < Date.parse(time)) + 1,
    lastOf: async (types, upTo) => rows.slice(0, upTo).findLastIndex(({ type }) => types.includes(type)) + 1,
  }
}

function rowOf(event: MemoryEvent, position: number, versions: Map<string, number>, now: string): LogRow {
  const id = event.id ?? randomUUID()
  const stream = event.stream ?? 'thing-1'
  const version = (versions.get(stream) ?? 0) + 1
  versions.set(stream, version)
  return {
    id,
    stream,
    version,
    schemaVersion: 1,
    occurredAt: now,
    recordedAt: now.replace('Z', '000Z'),
    correlationId: id,
    causationId: id,
    ...event,
    position,
  }
}
