import type { Allocation } from './allocation.ts'
import { canonical } from './seal.ts'

/** `AllocationAdopted`, where and when. */
export interface Adoption {
  readonly service: string
  readonly position: number
  /** Microseconds since 1970. */
  readonly time: number
  readonly allocation: Allocation
}

/**
 * The allocation versions whose exposures are comparable: same seal, weights, seed and units; coverage may grow.
 * A unit belongs to the era of its first exposure; units of earlier eras were treated before and do not count.
 */
export interface Era {
  readonly firstVersion: number
  readonly lastVersion: number
  readonly allocation: Allocation
  /** When a decision ended it, in the first log to adopt that; microseconds since 1970. What happens later is not seen. */
  readonly until?: number
}

/** The era that counts: the last in which units took part. */
export function eraOf(adoptions: readonly Adoption[]): Era | undefined {
  const versions = [...new Map(adoptions.map(({ allocation }) => [allocation.version, allocation])).values()]
  versions.sort((a, b) => a.version - b.version)
  let last = versions.length - 1
  while (last >= 0 && versions[last]!.everybody !== undefined) last--
  if (last < 0) return undefined
  let first = last
  while (first > 0 && comparable(versions[first - 1]!) === comparable(versions[last]!)) first--
  const ended = versions[last + 1]?.version ?? Infinity
  const ends = adoptions.filter(({ allocation }) => allocation.version >= ended).map(({ time }) => time)
  return {
    firstVersion: versions[first]!.version,
    lastVersion: versions[last]!.version,
    allocation: versions[last]!,
    ...(ends.length === 0 ? {} : { until: ends.reduce((a, b) => (a < b ? a : b)) }),
  }
}

function comparable({ version: _, coverage: __, ...same }: Allocation): string {
  return canonical({ ...same, variants: Object.entries(same.variants) })
}
