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
  const shape = shapeOf(json as Sums)
  return onto(noUnits(shape), json, (value) => {
    if (typeof value === 'bigint') return value
    if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value)
    if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
    throw impossible(`expected an integer as decimal text, got ${JSON.stringify(value)}`)
  }) as Sums
}

function shapeOf(sums: Sums): Shape {
  const kind = (sums as { kind?: unknown } | null)?.kind
  if (kind === 'proportion') return { kind }
  const before = (sums as { before?: unknown }).before !== undefined
  if (sums.kind === 'mean') return { kind: 'mean', scale: sums.scale, before }
  if (sums.kind === 'ratio' && Array.isArray(sums.scales)) return { kind: 'ratio', scales: sums.scales, before }
  throw impossible(`expected kind proportion, mean or ratio, got ${JSON.stringify(kind)}`)
}

function onto(template: unknown, given: any, integer: (value: unknown) => unknown): unknown {
  if (typeof template === 'bigint') return integer(given)
  if (typeof template !== 'object' || template === null || Array.isArray(template)) return template
  return Object.fromEntries(
    Object.entries(template).map(([field, inner]) => [field, onto(inner, given?.[field], integer)]),
  )
}

const impossible = (sentence: string) => new InvalidStatistics('HW_IMPOSSIBLE_SUMS', `Not sums: ${sentence}.`)
