import { chooseFace } from '@headwater/hypermedia'
import { refusal } from './problem.ts'

export type Face = 'page' | 'lines' | 'batch' | 'live' | 'html'

/** Media types of each face; the first is what it is sent as. */
const mediaTypes = {
  page: ['application/hal+json', 'application/json'],
  lines: ['application/x-ndjson', 'application/ndjson'],
  batch: ['application/cloudevents-batch+json'],
  live: ['text/event-stream'],
  html: ['text/html'],
} as const satisfies Record<Face, readonly string[]>

/** The face a reader likes best. Throws 406. */
export function faceFor(accept: string | null, usable: readonly Face[]): Face {
  const types = usable.flatMap((face) => [...mediaTypes[face]])
  const chosen = chooseFace(accept, types)
  if (chosen === undefined) {
    throw refusal('HW_NOT_ACCEPTABLE', `Expected Accept to name one of ${types.join(', ')}, got "${accept}".`)
  }
  return usable.find((face) => mediaTypes[face].some((type) => type === chosen))!
}

export function mediaTypeOf(face: Face): string {
  return mediaTypes[face][0]
}
