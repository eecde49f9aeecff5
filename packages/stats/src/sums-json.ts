import { noUnits } from './accumulate.ts'
import { InvalidStatistics } from './invalid.ts'
import type { Shape, Sums, SumsJson } from './sums.ts'

/** Sums for a file or a wire, every integer as decimal text; field order is fixed, so equal sums give equal bytes. */
export function sumsToJson(sums: Sums): SumsJson {
  return onto(noUnits(shapeOf(sums)), sums, (value) => {
    if (typeof value === 'bigint') return value.toString()
    throw impossible(`expected a bigint, got ${String(value)}`)
  }) as SumsJson
}

/** The reverse; also takes safe integers, as SQL drivers give them. Throws `HW_IMPOSSIBLE_SUMS`. */
export function sumsFromJson(json: unknown): Sums {
  const shape = shapeOf(json)
  return onto(noUnits(shape), json, (value) => {
    if (typeof value === 'bigint') return value
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
    throw impossible(`expected an integer as decimal text, got ${JSON.stringify(value)}`)
  }) as Sums
}

function shapeOf(given: unknown): Shape {
  const { kind, scale, scales, before } = (given ?? {}) as Record<string, unknown>
  if (kind === 'proportion') return { kind }
  if (kind === 'mean') return { kind, scale: scale as number, before: before !== undefined }
  if (kind === 'ratio' && Array.isArray(scales) && scales.length === 2)
    return { kind, scales: scales as [number, number], before: before !== undefined }
  throw impossible(
    `expected kind proportion, mean (with scale) or ratio (with two scales), got ${JSON.stringify(kind)}`,
  )
}

function onto(template: unknown, given: any, integer: (value: unknown) => unknown): unknown {
  if (typeof template === 'bigint') return integer(given)
  if (typeof template !== 'object' || template === null || Array.isArray(template)) return template
  return Object.fromEntries(
    Object.entries(template).map(([field, inner]) => [field, onto(inner, given?.[field], integer)]),
  )
}

const impossible = (sentence: string) => new InvalidStatistics('HW_IMPOSSIBLE_SUMS', `Not sums: ${sentence}.`)
