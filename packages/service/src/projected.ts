import { Readable } from 'node:stream'
import { rowsAt } from '@headwater/event-store/refold'
import { problem } from '@headwater/hypermedia'
import type { Running } from './running.ts'

/** The rows of a projection as lines, with the position they are of: to compare with what changed code would make of history. */
export function projected({ store, service }: Running, name: string): Response {
  const declared = service.projections?.find((one) => one.name === name)
  if (declared === undefined) {
    const known = service.projections?.map((one) => one.name).join(', ') || '(none)'
    return problem(404, {
      code: 'HW_NO_SUCH_PROJECTION',
      detail: `Expected a projection of ${service.name}, one of ${known}; got "${name}".`,
    })
  }
  const body = Readable.toWeb(Readable.from(rowsAt(store, declared))) as ReadableStream<Uint8Array>
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' } })
}
