/** An event as a feed serves it: CloudEvents 1.0 in JSON. */
export interface FeedEvent {
  readonly id: string
  readonly type: string
  /** Its stream. */
  readonly subject: string
  readonly position: number
  readonly streamversion: number
  readonly schemaversion: number
  readonly time: string
  readonly recordedtime: string
  readonly correlationid: string
  readonly causationid: string
  readonly data: unknown
}

/** Something the list shows: an event, or positions that it does not show. */
export type Entry =
  | {
      readonly kind: 'event'
      readonly key: string
      readonly service: string
      readonly at: string
      readonly event: FeedEvent
      readonly text: string
    }
  | {
      readonly kind: 'skipped'
      readonly key: string
      readonly service: string
      readonly at: string
      readonly from: number
      readonly to: number
    }

export function entryOf(service: string, event: FeedEvent): Entry {
  const text = brief(event.data)
  return { kind: 'event', key: `${service}/${event.position}`, service, at: event.recordedtime, event, text }
}

const briefLength = 240

/** Data in one line: `amountMinor 1250 · reference lunch`. */
export function brief(data: unknown): string {
  if (data === null || typeof data !== 'object') return JSON.stringify(data)
  const parts = Object.entries(data).map(([name, value]) => `${name} ${said(value)}`)
  return parts.join(' · ').slice(0, briefLength)
}

/** Of an id its beginning says enough here; all of it stands beside the event. */
const uuid = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g

function said(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : value.replaceAll(uuid, '$1…')
  if (value !== null && typeof value === 'object' && 'sealed' in value) return 'sealed'
  return JSON.stringify(value)
}

/** `14:03:21.482`, in the reader's own time. */
export function clock(time: string): string {
  const date = new Date(time)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
