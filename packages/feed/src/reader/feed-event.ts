import { FeedFailure } from './failure.ts'

/** An event as a feed served it. */
export interface FeedEvent {
  readonly position: number
  readonly id: string
  readonly type: string
  /** `category-id`. */
  readonly stream: string
  readonly streamVersion: number
  readonly schemaVersion: number
  /** Parsed when first read. */
  readonly data: unknown
  readonly occurredAt: string
  readonly recordedAt: string
  readonly correlationId: string
  readonly causationId: string
  readonly traceparent?: string
  /** Position of the event shown before it; absent where types are filtered. */
  readonly previousPosition?: number
  /** The ordering key, where it is not the stream. */
  readonly partitionKey?: string
  /** The event's JSON exactly as served. */
  readonly text: string
}

type Attributes = Readonly<Record<string, unknown>>

const dataMark = ',"data":'

/** Reads an event. Its data, the larger part, is parsed when somebody asks for it. Throws when it is no event. */
export function feedEvent(text: string): FeedEvent {
  const { attributes, dataOf } = split(text)
  const { position, previousposition, traceparent, partitionkey } = attributes
  if (!Number.isSafeInteger(position) || (position as number) < 1) throw unreadable(text)
  let parsed: { data: unknown } | undefined
  return {
    position: position as number,
    id: texts(attributes, 'id', text),
    type: texts(attributes, 'type', text),
    stream: texts(attributes, 'subject', text),
    streamVersion: Number(attributes.streamversion ?? 0),
    schemaVersion: Number(attributes.schemaversion ?? 1),
    get data() {
      parsed ??= { data: dataOf() }
      return parsed.data
    },
    occurredAt: String(attributes.time ?? attributes.recordedtime),
    recordedAt: String(attributes.recordedtime ?? attributes.time),
    correlationId: String(attributes.correlationid ?? attributes.id),
    causationId: String(attributes.causationid ?? attributes.id),
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    ...(typeof previousposition === 'number' ? { previousPosition: previousposition } : {}),
    ...(typeof partitionkey === 'string' ? { partitionKey: partitionkey } : {}),
    text,
  }
}

/** Attributes without the data where the data is last, as the format has it; else everything is parsed. */
function split(text: string): { attributes: Attributes; dataOf: () => unknown } {
  const at = text.indexOf(dataMark)
  if (at > 0) {
    const attributes = parse(`${text.slice(0, at)}}`)
    const data = text.slice(at + dataMark.length, -1)
    if (attributes?.position !== undefined && attributes.id !== undefined) {
      return { attributes, dataOf: () => JSON.parse(data) as unknown }
    }
  }
  const attributes = parse(text)
  if (attributes === undefined) throw unreadable(text)
  return { attributes, dataOf: () => attributes.data }
}

function parse(text: string): Attributes | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? (value as Attributes) : undefined
  } catch {
    return undefined
  }
}

function texts(attributes: Attributes, name: string, text: string): string {
  const value = attributes[name]
  if (typeof value !== 'string' || value === '') throw unreadable(text)
  return value
}

function unreadable(text: string): FeedFailure {
  return new FeedFailure(
    'HW_FEED_UNREADABLE',
    `Expected an event in the format of spec/feed.md, got ${text.slice(0, 200)}`,
  )
}
