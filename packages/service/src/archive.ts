import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Append, type EventStore, JsonText, migrate, openStore, type StreamAppend } from '@headwater/event-store'
import { discard, provide } from './database.ts'
import type { Logger } from './logger.ts'
import { makePool } from './pool.ts'

/** A whole log as a file: CloudEvents JSON, one a line, in log order. */
export interface Archive {
  readonly path: string
  readonly events: number
  /** SHA-256 over what must survive a restore: ids, streams, versions, types and data of all events, in order. */
  readonly fingerprint: string
}

const linesAtATime = 1_000

/** Writes a log to a file, all of it or nothing: the file gets its name when it is whole. */
export async function archive(store: EventStore, path: string): Promise<Archive> {
  await mkdir(dirname(path), { recursive: true })
  const last = await store.log.last()
  const partial = `${path}.partial`
  await pipeline(bytesOf(store, last), createWriteStream(partial, { mode: 0o600 }))
  await rename(partial, path)
  return { path, ...(await fingerprint(store)) }
}

async function* bytesOf({ log }: EventStore, last: number): AsyncIterable<Buffer> {
  for (let after = 0; after < last; after += linesAtATime)
    yield* log.copy({ after, upTo: Math.min(after + linesAtATime, last) })
}

/**
 * Restores the lines of an archive into an empty log: the same ids, streams, versions, types and data, byte for byte, in the same order.
 * Recorded times are those of the restore; when things happened stays.
 */
export async function restore(store: EventStore, lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  // Appends of different streams that are given together are recorded in the order given; the second of a stream would have to wait.
  let together = new Map<string, Append>()
  for await (const line of lines) {
    if (line === '') continue
    const append = appendOf(line)
    const { stream } = append.streams[0]!
    if (together.has(stream) || together.size === linesAtATime) {
      await record(store, [...together.values()])
      together = new Map()
    }
    together.set(stream, append)
  }
  await record(store, [...together.values()])
}

export async function* linesOf(path: string): AsyncIterable<string> {
  const file = await open(path)
  yield* file.readLines()
}

async function record(store: EventStore, appends: readonly Append[]): Promise<void> {
  for (const [index, { kind }] of (await store.append(appends)).entries()) {
    if (kind !== 'appended')
      throw new Error(`Expected an archive to restore, got ${kind} at ${appends[index]!.streams[0]!.stream}.`)
  }
}

function appendOf(line: string): Append {
  const event = JSON.parse(line) as Record<string, any>
  // `data` is the last attribute and is kept as it is written: parsing it would lose digits, key order and double keys.
  const start = line.indexOf(',"data":') + ',"data":'.length
  const stream: StreamAppend = {
    stream: event.subject,
    expected: event.streamversion - 1,
    events: [
      {
        id: event.id,
        type: event.type,
        data: new JsonText(line.slice(start, -1)),
        schemaVersion: event.schemaversion,
        occurredAt: event.time,
      },
    ],
  }
  const { correlationid: correlationId, causationid: causationId, traceparent } = event
  return {
    streams: [stream],
    meta: { correlationId, causationId, ...(traceparent === undefined ? {} : { traceparent }) },
  }
}

/** How many events a log holds, and the hash of all that an archive keeps of them. */
export async function fingerprint({ log }: EventStore): Promise<{ events: number; fingerprint: string }> {
  const hash = createHash('sha256')
  let after = 0
  for (;;) {
    const rows = await log.rows({ after, limit: linesAtATime })
    for (const { id, stream, version, type, schemaVersion, data } of rows) {
      hash.update(JSON.stringify([id, stream, version, type, schemaVersion, data]))
    }
    if (rows.length === 0) return { events: after, fingerprint: hash.digest('hex') }
    after = rows.at(-1)!.position
  }
}

/** Restores an archive into a database that is thrown away again, and compares. */
export async function proveRestorable(
  { path, events, fingerprint: wanted }: Archive,
  { admin, landscape, secret, log }: { admin: string; landscape: string; secret: string; log: Logger },
): Promise<{ readonly holds: boolean; readonly events: number }> {
  const name = `proof-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`
  const database = await provide(admin, landscape, name, secret)
  const pool = makePool(database.url, log)
  try {
    await migrate(pool)
    const store = openStore({ pool, service: name })
    await restore(store, linesOf(path))
    const found = await fingerprint(store)
    await store.close()
    return { holds: found.events === events && found.fingerprint === wanted, events: found.events }
  } finally {
    await pool.end()
    await discard(admin, landscape, name)
  }
}
