/** Media types in which a document can be asked for; the first is what a caller without wishes gets. */
export const FACES = [
  'application/hal+json',
  'application/json',
  'application/prs.hal-forms+json',
  'text/html',
] as const

interface Range {
  readonly type: string
  readonly weight: number
  readonly precise: number
}

const known = new Map<string, string | undefined>()

/**
 * The media type to answer in (RFC 9110 section 12.5.1): the weightiest the caller accepts, the first of `available` among equals;
 * undefined when there is none.
 */
export function chooseFace<const Face extends string>(
  accept: string | null,
  available: readonly Face[],
): Face | undefined {
  if (accept === null || accept === '*/*' || accept === '') return available[0]
  if (accept.length > 300) return best(accept.slice(0, 4096), available)
  const key = `${available.join()}\n${accept}`
  if (known.has(key)) return known.get(key) as Face | undefined
  // Callers write few different headers; a flood of strange ones must not fill the memory.
  if (known.size >= 500) known.clear()
  const face = best(accept, available)
  known.set(key, face)
  return face
}

function best<Face extends string>(accept: string, available: readonly Face[]): Face | undefined {
  const ranges = accept.split(',').map(rangeOf)
  let chosen: Face | undefined
  let weight = 0
  for (const face of available) {
    const fitting = ranges.filter(({ type }) => fits(type, face)).toSorted((a, b) => b.precise - a.precise)[0]
    if (fitting !== undefined && fitting.weight > weight) {
      chosen = face
      weight = fitting.weight
    }
  }
  return chosen
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text
    .trim()
    .toLowerCase()
    .split(/\s*;\s*/)
  const q = parameters.find((one) => one.startsWith('q='))
  const weight = q === undefined ? 1 : Number(q.slice(2))
  return {
    type,
    weight: weight >= 0 && weight <= 1 ? weight : 0,
    precise: type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2,
  }
}

const fits = (range: string, face: string): boolean =>
  range === face || range === '*/*' || (range.endsWith('/*') && face.startsWith(range.slice(0, -1)))
