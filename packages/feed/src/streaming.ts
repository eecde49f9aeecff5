import { constants, createGzip } from 'node:zlib'
import { setImmediate } from 'node:timers/promises'

/** Bytes to send on their own, as soon as their reader has taken what was sent before. */
export type Pieces = AsyncGenerator<Uint8Array>

/**
 * A response body of pieces. One piece is made while the one before is being sent, never more, so that memory is bounded however slow
 * the reader is. When the reader goes away `onGone` is called, to
 * end a wait of the generator, and the generator is ended.
 */
export function bodyOf(pieces: Pieces, onGone: () => void): ReadableStream<Uint8Array> {
  let next: Promise<IteratorResult<Uint8Array>> | undefined
  const ahead = () => {
    const made = pieces.next()
    made.catch(() => undefined) // reported by the pull that awaits it
    return made
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await (next ?? ahead())
        if (done === true) return controller.close()
        next = ahead()
        controller.enqueue(value)
      },
      async cancel() {
        onGone()
        await pieces.return(undefined).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

/** One gzip stream, flushed after each piece so that a reader gets it at once. */
export async function* gzipped(pieces: Pieces): Pieces {
  const gzip = createGzip({ level: 1 })
  const made: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => made.push(chunk))
  const taken = () => Buffer.concat(made.splice(0))
  try {
    for await (const piece of pieces) {
      await new Promise<void>((resolve, reject) => {
        gzip.write(piece, (error) => (error ? reject(error) : undefined))
        gzip.flush(constants.Z_SYNC_FLUSH, resolve)
      })
      await setImmediate() // 'data' comes after the flush
      yield taken()
    }
    const ended = new Promise((resolve) => gzip.once('end', resolve))
    gzip.end()
    await ended
    yield taken()
  } finally {
    gzip.destroy()
    await pieces.return(undefined)
  }
}

/** Whether an encoding is accepted (RFC 9110, 12.5.3). */
export function accepts(encodings: string | null, encoding: string): boolean {
  const found = (encodings ?? '').split(',').find((part) => part.trim().toLowerCase().split(';')[0] === encoding)
  return found !== undefined && !/;\s*q=0(\.0*)?\s*$/.test(found)
}
