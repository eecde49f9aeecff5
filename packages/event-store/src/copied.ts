import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { Connection } from './connection.ts'
import type { Session } from './session.ts'

/** The text of a COPY statement with its `$names` filled in as literals: COPY takes no parameters. */
export function filled(
  text: string,
  values: Readonly<Record<string, number | string | boolean | readonly string[] | undefined>>,
) {
  return text.replaceAll(/\$(\w+)/g, (_, name: string) => literal(values[name]))
}

function literal(value: number | string | boolean | readonly string[] | undefined): string {
  if (value === undefined) return 'null'
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return String(Math.trunc(value))
  return typeof value === 'string' ? pg.escapeLiteral(value) : `array[${value.map(pg.escapeLiteral).join(',')}]`
}

/** The rows of a binary COPY of one text column, one after the other and byte for byte: its text formats look at every character. */
export async function* copied(session: Session, text: string): AsyncIterable<Buffer> {
  const connection = await Connection.of(session.pool)
  const framing = new Framing()
  // Left half-way, the connection still has the rest of the rows in it.
  let useless: Error | undefined = new Error('Left before the last row.')
  try {
    for await (const chunk of connection.client.query(copyTo(text))) yield framing.off(chunk as Buffer)
    useless = undefined
  } finally {
    connection.release(useless)
  }
}

/** All its lines: for pages. */
export async function copiedLines(session: Session, text: string): Promise<string[]> {
  const chunks: Buffer[] = []
  for await (const chunk of copied(session, text)) chunks.push(chunk)
  return Buffer.concat(chunks).toString().split('\n').slice(0, -1)
}

const headerBytes = 19
/** How many columns (int16), and how many bytes the one has (int32). */
const rowBytes = 6

/** Takes off what a binary COPY puts around rows of one column, in place. It ends with an int16, which is never a whole row's. */
class Framing {
  #before: Buffer = Buffer.alloc(0)
  /** Bytes of framing that come next. */
  #next = headerBytes
  /** Bytes left of the row that is passed on. */
  #left = 0

  off(chunk: Buffer): Buffer {
    const bytes = this.#before.length === 0 ? chunk : Buffer.concat([this.#before, chunk])
    let at = 0
    let size = 0
    for (;;) {
      const part = Math.min(this.#left, bytes.length - at)
      bytes.copyWithin(size, at, at + part)
      size += part
      at += part
      this.#left -= part
      if (this.#left > 0 || at + this.#next > bytes.length) break
      if (this.#next === rowBytes) this.#left = bytes.readInt32BE(at + 2)
      at += this.#next
      this.#next = rowBytes
    }
    this.#before = bytes.subarray(at)
    return bytes.subarray(0, size)
  }
}
