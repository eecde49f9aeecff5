import type { Difference } from './difference.ts'
import { explain } from './explain.ts'
import type { AnySchema } from './node.ts'
import { suggestUpcaster } from './upcaster.ts'
import { differences, type Reading } from './walk.ts'

/** `backward`: who knows the new schema reads earlier data. `forward`: who knows an earlier schema reads new data. */
export type Direction = 'backward' | 'forward'

export interface Incompatibility extends Difference {
  readonly direction: Direction
  /** Index of the earlier schema it concerns. */
  readonly earlier: number
  /** What is wrong, for people. */
  readonly sentence: string
  /** Code that would mend it. */
  readonly suggestion: string
}

export interface CompareOptions extends Reading {
  /** Default `full`: both. */
  readonly direction?: Direction | 'full'
}

/**
 * Every change between earlier schemas (one or all of them, oldest first) and the new one that some value does not survive. Empty: in
 * the directions asked for, each value of one side is taken by the other.
 */
export function compare(
  earlier: AnySchema | readonly AnySchema[],
  now: AnySchema,
  options: CompareOptions = {},
): Incompatibility[] {
  const { direction = 'full', ...reading } = options
  const directions: Direction[] = direction === 'full' ? ['backward', 'forward'] : [direction]
  const all = Array.isArray(earlier) ? (earlier as readonly AnySchema[]) : [earlier as AnySchema]
  return all.flatMap((before, index) =>
    directions.flatMap((one) => {
      const found = one === 'backward' ? differences(before, now, reading) : differences(now, before, reading)
      return found.map((difference) => ({
        ...difference,
        direction: one,
        earlier: index,
        sentence: explain(difference, one),
        suggestion: suggestUpcaster(found, one),
      }))
    }),
  )
}
