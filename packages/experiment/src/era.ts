import type { Allocation } from './allocation.ts'
import type { Experiment } from './experiment.ts'
import { ExperimentRefused } from './refused.ts'
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
  /** When a decision or an amendment ended it, in the first log to adopt that; microseconds since 1970. What happens later is not seen. */
  readonly until?: number
}

/** The era of an experiment as it was sealed that counts: the last in which units took part. */
export function eraOf({ seal }: Pick<Experiment, 'seal'>, adoptions: readonly Adoption[]): Era | undefined {
  const versions = [...new Map(adoptions.map(({ allocation }) => [allocation.version, allocation])).values()]
  versions.sort((a, b) => a.version - b.version)
  let last = versions.length - 1
  while (last >= 0 && (versions[last]!.everybody !== undefined || versions[last]!.seal !== seal)) last--
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

/** Refuses what runs under another seal alone: HW_OTHER_SEAL. */
export function requireAdopted({ name, seal }: Experiment<any>, adoptions: readonly Adoption[]): void {
  const used = adoptions.at(-1)?.allocation.seal
  if (used === undefined || adoptions.some(({ allocation }) => allocation.seal === seal)) return
  throw new ExperimentRefused(
    'HW_OTHER_SEAL',
    `Experiment ${name} runs as sealed ${used.slice(0, 12)}, the one given is sealed ${seal.slice(0, 12)} and no log has adopted that yet. Wait until one has, or analyse the version that runs; add metrics with \`explore\`.`,
  )
}

function comparable({ version: _, coverage: __, ...same }: Allocation): string {
  return canonical({ ...same, variants: Object.entries(same.variants) })
}
