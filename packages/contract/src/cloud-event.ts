/**
 * The envelope on the wire: CloudEvents 1.0 JSON plus our extension attributes, in exactly this order.
 * `data` stays the stored JSON text, byte for byte.
 */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0'
  readonly id: string
  /** `/` + service name. */
  readonly source: string
  readonly type: string
  /** The stream, `category-id`. */
  readonly subject: string
  /** When it happened (RFC 3339, UTC, milliseconds). */
  readonly time: string
  readonly datacontenttype: 'application/json'
  /** Place in the service's log: 1, 2, 3…, no holes. */
  readonly position: number
  /** Position of the event shown before this one in the unfiltered feed; 0 for the first. Absent where filtered. */
  readonly previousposition?: number
  readonly streamversion: number
  readonly schemaversion: number
  /** When it was recorded (RFC 3339, UTC, microseconds). */
  readonly recordedtime: string
  readonly correlationid: string
  readonly causationid: string
  readonly traceparent?: string
  /** The ordering key, where the contract names one other than the stream (CloudEvents' partitioning extension). */
  readonly partitionkey?: string
  readonly data: Data
}
