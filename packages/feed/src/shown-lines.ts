import { dataOf, idOf, type LineParts, partsOf } from './line.ts'
import { refusal } from './problem.ts'
import type { Form, View } from './view.ts'

/** Most events and bytes in one range; one event larger than that still makes a range. */
export interface Bounds {
  readonly events: number
  readonly bytes: number
}

/**
 * Turns a log's lines into those that a view shows: bytes are passed as they are, with `previousposition` put in, and only where
 * a mapping, an old version or an ordering key asks for it is an event parsed. Bytes are handled as text of one character a byte
 * (latin1), which passes every byte unchanged and is twice as fast as searching buffers; what a chunk gives is written at once.
 */
export class ShownLines {
  /** Events written so far. */
  count = 0
  /** Position of the last event written, or of the one before the first. */
  lastPosition: number
  readonly #view: View
  readonly #bounds: Bounds
  #out: Buffer = Buffer.alloc(0)
  #written = 0
  /** Lines that are not written yet. */
  #made = ''
  /** What the last chunk ended in. */
  #rest = ''
  #lastHead = ''

  constructor(view: View, previous: number, bounds: Bounds) {
    this.#view = view
    this.#bounds = bounds
    this.lastPosition = previous
  }

  /** Each line ended by a line feed. */
  bytes(): Buffer {
    const bytes = this.#out.subarray(0, this.#written)
    // It may be kept, and what it was written into with it.
    return this.#written * 2 < this.#out.length ? Buffer.from(bytes) : bytes
  }

  /** Id of the last event written. */
  lastId(): string {
    return idOf(decoded(this.#lastHead))
  }

  get full(): boolean {
    return this.count >= this.#bounds.events || (this.#length >= this.#bounds.bytes && this.count > 0)
  }

  get #length(): number {
    return this.#written + this.#made.length
  }

  /** Takes a chunk of the log; stops where it is full. */
  take(chunk: Uint8Array): void {
    if (this.full) return
    const text = this.#rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    let start = 0
    while (!this.full) {
      const end = text.indexOf('\n', start)
      if (end < 0) break
      this.#add(text, start, end)
      start = end + 1
    }
    this.#rest = text.slice(start)
    this.#write()
  }

  #add(text: string, start: number, end: number): void {
    const parts = partsOf(text, start)
    const previous = this.#view.whole ? `,"previousposition":${this.lastPosition}` : ''
    const form = this.#view.forms.get(parts.type)
    this.#lastHead = text.slice(start, parts.streamVersionAt)
    this.#made +=
      form === undefined || isPlain(form, parts)
        ? this.#lastHead + previous + text.slice(parts.streamVersionAt, end + 1)
        : Buffer.from(mappedLine(form, decoded(text.slice(start, end)), previous)).toString('latin1')
    this.lastPosition = parts.position
    this.count++
  }

  #write(): void {
    const length = this.#length
    if (length > this.#out.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#out.length * 2))
      this.#out.copy(larger, 0, 0, this.#written)
      this.#out = larger
    }
    this.#out.write(this.#made, this.#written, 'latin1')
    this.#written = length
    this.#made = ''
  }
}

function decoded(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function mappedLine(form: Form, line: string, previous: string): string {
  const parts = partsOf(line, 0)
  const stored = dataOf(line)
  const shown = mapped(form, parts, stored)
  return (
    line.slice(0, parts.streamVersionAt) +
    previous +
    line.slice(parts.streamVersionAt, parts.schemaVersionFrom) +
    (form.version ?? parts.schemaVersion) +
    line.slice(parts.schemaVersionTo, line.length - stored.length - ',"data":}'.length) +
    `${keyText(form, shown)},"data":${shown}}\n`
  )
}

/** Shown exactly as stored, and ordered by its stream. */
function isPlain({ version, key, map, asStored }: Form, { schemaVersion }: LineParts): boolean {
  return key === undefined && (map === undefined || (asStored === schemaVersion && version === schemaVersion))
}

function mapped(form: Form, { position, type, schemaVersion }: LineParts, stored: string): string {
  if (form.map === undefined || form.asStored === schemaVersion) return stored
  try {
    const data = JSON.stringify(form.map(JSON.parse(stored), schemaVersion)) as string | undefined
    if (data === undefined) throw new Error('it gave undefined')
    return data
  } catch (error) {
    // Passing over it would be a lost event that nobody notices.
    throw refusal(
      'HW_EVENT_UNREADABLE',
      `Cannot show event ${position} (${type}, version ${schemaVersion}): its mapping failed: ${(error as Error).message}. Mend upcast or published of ${type}.`,
    )
  }
}

/** As a consumer computes it from the data: a text, or a whole number in decimal; else the stream orders the event. */
function keyText({ key }: Form, data: string): string {
  if (key === undefined) return ''
  const value = (JSON.parse(data) as Record<string, unknown> | null)?.[key]
  if (typeof value === 'string' && value !== '') return `,"partitionkey":${JSON.stringify(value)}`
  return Number.isSafeInteger(value) ? `,"partitionkey":"${value as number}"` : ''
}
