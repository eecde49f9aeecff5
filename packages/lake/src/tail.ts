import type { Contents } from './delta/snapshot.ts'
import { bodyKey } from './body.ts'

/** Events of one landed page that are not sealed yet; positions rise. */
export interface Chunk {
  /** Rises by one with each chunk. */
  readonly sequence: number
  readonly service: string
  /** The lineage it belongs to. */
  readonly log: string
  /** Last position the page covered, also when it showed no event there. */
  readonly to: number
  readonly positions: readonly number[]
  readonly types: readonly string[]
  /** Lines as `rowOf` writes them, one an event; outside of the garbage collector's reach. */
  readonly rows: Buffer
  /** Where each line ends in `rows`. */
  readonly ends: Uint32Array
}

/** The newest events: landed, visible, in memory until sealed. */
export class Tail {
  #chunks: Chunk[] = []
  #sequence = 0
  events = 0
  bytes = 0

  get chunks(): readonly Chunk[] {
    return this.#chunks
  }

  add(chunk: Omit<Chunk, 'sequence'>): void {
    this.#chunks.push({ ...chunk, sequence: ++this.#sequence })
    this.events += chunk.positions.length
    this.bytes += chunk.rows.length
  }

  /** Lets go of what is sealed now. */
  drop(sealed: ReadonlyMap<string, number>): void {
    this.#keep(({ service, to }) => to > (sealed.get(service) ?? 0))
  }

  /** Lets go of all of a service, sealed or not. */
  forget(service: string): void {
    this.#keep((chunk) => chunk.service !== service)
  }

  #keep(wanted: (chunk: Chunk) => boolean): void {
    this.#chunks = this.#chunks.filter(wanted)
    this.events = this.#chunks.reduce((sum, { positions }) => sum + positions.length, 0)
    this.bytes = this.#chunks.reduce((sum, { rows }) => sum + rows.length, 0)
  }
}

/** What some chunks add to a table that has landed the positions given. */
export interface Batch {
  readonly rows: readonly Buffer[]
  readonly contents: Contents
  /** Position landed by service, of those that move. */
  readonly positions: ReadonlyMap<string, number>
  /** Lineage of the newest of them, by service. */
  readonly logs: ReadonlyMap<string, string>
}

export function batchOf(chunks: readonly Chunk[], sealed: ReadonlyMap<string, number>): Batch {
  const rows: Buffer[] = []
  const types: Record<string, number> = {}
  const ranges: Record<string, [number, number]> = {}
  const positions = new Map<string, number>()
  const logs = new Map<string, string>()
  for (const chunk of chunks) {
    const after = sealed.get(chunk.service) ?? 0
    if (chunk.to > after) {
      positions.set(chunk.service, chunk.to)
      logs.set(chunk.service, chunk.log)
    }
    const old = chunk.positions.findIndex((position) => position > after)
    if (old !== -1) rows.push(old === 0 ? chunk.rows : chunk.rows.subarray(chunk.ends[old - 1]))
    for (const [index, position] of chunk.positions.entries()) {
      if (position <= after) continue
      const key = bodyKey(chunk.service, chunk.types[index]!)
      types[key] = (types[key] ?? 0) + 1
      const range = (ranges[chunk.service] ??= [position, position])
      range[1] = position
    }
  }
  return { rows, contents: { types, ranges, columns: [] }, positions, logs }
}

/** Lines as one buffer, with where each ends. */
export function packed(lines: readonly string[]): { rows: Buffer; ends: Uint32Array } {
  // UTF-8 takes at most three bytes for each of UTF-16's code units.
  const room = Buffer.allocUnsafeSlow(lines.reduce((sum, line) => sum + line.length, 0) * 3)
  const ends = new Uint32Array(lines.length)
  let at = 0
  for (const [index, line] of lines.entries()) {
    at += room.write(line, at)
    ends[index] = at
  }
  return { rows: Buffer.from(room.subarray(0, at)), ends }
}
