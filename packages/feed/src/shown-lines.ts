import { dataAt, idOf, type LineParts, partsOf } from './line.ts'
import { refusal } from './problem.ts'
import type { Form, View } from './view.ts'

const newline = 10

/** Most events and bytes in one range; one event larger than that still makes a range. */
export interface Bounds {
  readonly events: number
  readonly bytes: number
}

/**
 * Turns a log's lines into those that a view shows: bytes are copied as they are, with `previousposition` put in, and only where
 * a mapping, an old version or an ordering key asks for it is an event parsed.
 */
export class ShownLines {
  /** Events written so far. */
  count = 0
  /** Position of the last event written, or of the one before the first. */
  lastPosition: number
  readonly #view: View
  readonly #bounds: Bounds
  #rest: Buffer = Buffer.alloc(0)
  #out: Buffer
  #length = 0
  #lastLineAt = 0

  constructor(view: View, previous: number, bounds: Bounds) {
    this.#view = view
    this.#bounds = bounds
    this.lastPosition = previous
    this.#out = Buffer.allocUnsafe(Math.min(bounds.bytes, 1 << 16))
  }

  /** Each line ended by a line feed. */
  get bytes(): Buffer {
    return this.#out.subarray(0, this.#length)
  }

  get lastId(): string {
    return idOf(this.#out.subarray(this.#lastLineAt, this.#length))
  }

  get full(): boolean {
    return this.count >= this.#bounds.events || (this.#length >= this.#bounds.bytes && this.count > 0)
  }

  /** Takes a chunk of the log; stops where it is full. */
  take(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk])
    let start = 0
    while (!this.full) {
      const end = bytes.indexOf(newline, start)
      if (end < 0) break
      this.#write(bytes, start, end)
      start = end + 1
    }
    this.#rest = start === bytes.length ? Buffer.alloc(0) : bytes.subarray(start)
  }

  #write(bytes: Buffer, start: number, end: number): void {
    const parts = partsOf(bytes, start)
    const previous = this.#view.whole ? `,"previousposition":${this.lastPosition}` : ''
    this.#lastLineAt = this.#length
    const form = this.#view.forms.get(parts.type)
    if (form === undefined || isPlain(form, parts)) {
      this.#reserve(end - start + previous.length + 1)
      this.#copy(bytes, start, parts.streamVersionAt)
      this.#length += this.#out.write(previous, this.#length, 'latin1')
      this.#copy(bytes, parts.streamVersionAt, end)
    } else {
      this.#writeMapped(form, parts, bytes.subarray(start, end), start, previous)
    }
    this.#out[this.#length++] = newline
    this.lastPosition = parts.position
    this.count++
  }

  #writeMapped(form: Form, parts: LineParts, line: Buffer, offset: number, previous: string): void {
    const data = dataAt(line, 0)
    const stored = line.toString('utf8', data, line.length - 1)
    const shown = mapped(form, parts, stored)
    const version = form.version ?? parts.schemaVersion
    const key = keyText(form, shown)
    const text =
      line.toString('utf8', 0, parts.streamVersionAt - offset) +
      previous +
      line.toString('utf8', parts.streamVersionAt - offset, parts.schemaVersionFrom - offset) +
      version +
      line.toString('utf8', parts.schemaVersionTo - offset, data - ',"data":'.length) +
      `${key},"data":${shown}}`
    this.#reserve(Buffer.byteLength(text) + 1)
    this.#length += this.#out.write(text, this.#length, 'utf8')
  }

  #copy(from: Buffer, start: number, end: number): void {
    this.#length += from.copy(this.#out, this.#length, start, end)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#length + bytes))
    this.#out.copy(grown, 0, 0, this.#length)
    this.#out = grown
  }
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

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
}
