import { refusal } from './problem.ts'

export type Face = 'page' | 'lines' | 'batch' | 'live' | 'html'

/** Media types, in the order in which a tie is broken. */
const faces: readonly (readonly [string, Face])[] = [
  ['application/hal+json', 'page'],
  ['application/json', 'page'],
  ['application/x-ndjson', 'lines'],
  ['application/ndjson', 'lines'],
  ['application/cloudevents-batch+json', 'batch'],
  ['text/event-stream', 'live'],
  ['text/html', 'html'],
]

/** The face a reader likes best (RFC 9110, 12.5.1). Throws 406. */
export function chooseFace(accept: string | null, usable: readonly Face[]): Face {
  const ranges = (accept ?? '*/*').split(',').map(parseRange)
  let best: { face: Face; q: number } | undefined
  for (const [type, face] of faces) {
    if (!usable.includes(face)) continue
    const q = quality(type, ranges)
    if (q > (best?.q ?? 0)) best = { face, q }
  }
  if (best !== undefined) return best.face
  const list = faces.filter(([, face]) => usable.includes(face)).map(([type]) => type)
  throw refusal('HW_NOT_ACCEPTABLE', `Expected Accept to name one of ${list.join(', ')}, got "${accept}".`)
}

interface MediaRange {
  readonly type: string
  readonly q: number
}

function parseRange(text: string): MediaRange {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const q = parameters.find((parameter) => parameter.startsWith('q='))
  return { type, q: q === undefined ? 1 : Number(q.slice(2)) || 0 }
}

/** The most specific range that matches says how much a type is liked. */
function quality(type: string, ranges: readonly MediaRange[]): number {
  for (const pattern of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const found = ranges.find((range) => range.type === pattern)
    if (found !== undefined) return found.q
  }
  return 0
}
