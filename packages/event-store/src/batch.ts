import type { Appended, AppendResult } from './append.ts'
import type { EncodedAppend, EncodedEvent } from './encoding.ts'

/** Limits of a batch: it is one message, one transaction, and holds the log's lock for as long as it takes. */
const appendsMost = 512
const eventsMost = 2_000
/** UTF-16 units. */
const lengthMost = 4_194_304

/** An append that waits for its result. */
export interface Waiting {
  readonly append: EncodedAppend
  resolve(result: AppendResult): void
  reject(error: unknown): void
}

/**
 * Takes the next batch off a queue, in order of arrival. A stream or an event id is in a batch once; what waits keeps later
 * appends to its streams waiting too.
 */
export function takeBatch(queue: Waiting[]): Waiting[] {
  const batch: Waiting[] = []
  const left: Waiting[] = []
  const taken = new Set<string>()
  let events = 0
  let length = 0
  let full = false
  for (const waiting of queue) {
    const { append } = waiting
    full ||=
      batch.length > 0 &&
      (batch.length === appendsMost || events + append.size > eventsMost || length + append.length > lengthMost)
    const free =
      !full && append.parts.every(({ stream }) => !taken.has(stream)) && append.givenIds.every((id) => !taken.has(id))
    for (const { stream } of append.parts) taken.add(stream)
    for (const id of append.givenIds) taken.add(id)
    ;(free ? batch : left).push(waiting)
    if (free) {
      events += append.size
      length += append.length
    }
  }
  queue.splice(0, queue.length, ...left)
  return batch
}

/** The arguments of `append_batch`. */
export function batchArguments(appends: readonly EncodedAppend[], repeat: boolean): unknown[] {
  const parts = appends.flatMap(({ parts }, append) => parts.map((part) => ({ ...part, append: append + 1 })))
  const rows = appends.flatMap(({ rows }, append) => rows.map((row) => `{"append":${append + 1},${row.slice(1)}`))
  return [
    parts.map(({ append }) => append),
    parts.map(({ stream }) => stream),
    parts.map(({ expected }) => expected ?? null),
    parts.map(({ events }) => events.length),
    `[${parts.flatMap(({ events }, part) => events.map((event, nth) => eventJson(event, part + 1, nth + 1))).join(',')}]`,
    rows.length === 0 ? null : `[${rows.join(',')}]`,
    appends.flatMap(({ ids, givenIds }) => (repeat ? ids : givenIds)),
  ]
}

/** Of names, only quotes, backslashes and controls would need an escape; none gets this far. */
function eventJson({ id, type, schemaVersion, occurredAt, meta, data }: EncodedEvent, part: number, nth: number) {
  const trace = meta.traceparent === undefined ? '' : `"trace":"${meta.traceparent}",`
  return `{"part":${part},"nth":${nth},"id":"${id}","type":"${type}","schema":${schemaVersion},"occurred":"${occurredAt}","correlation":"${meta.correlationId}","causation":"${meta.causationId}",${trace}"data":${data}}`
}

/** What `append_batch` answers, in Postgres' text form. */
export type BatchAnswer = readonly [lastBefore: string, heads: string, results: string | null]

export function batchResults(
  appends: readonly EncodedAppend[],
  [lastBefore, heads, results]: BatchAnswer,
): AppendResult[] {
  if (results !== null) return JSON.parse(results)
  const versions = heads.slice(1, -1).split(',').map(Number)
  let last = Number(lastBefore)
  let part = 0
  return appends.map(({ parts, size }): Appended => {
    const first = last + 1
    last += size
    const after = parts.map(({ events }) => versions[part++]! + events.length)
    return { kind: 'appended', first, last, versions: after, repeated: false }
  })
}
