import type { DeltaLog } from './delta/log.ts'
import type { Files } from './files.ts'

/** What a vacuum removed. */
export interface Vacuumed {
  readonly files: number
  readonly bytes: number
}

/**
 * Removes files that no version of the last `keepMs` needs: those that were joined into others, and those of writers that died
 * before they were committed. Versions older than that can then no longer be read.
 */
export async function vacuum(
  on: { log: DeltaLog; files: Files; now: () => number },
  keepMs: number,
): Promise<Vacuumed> {
  const snapshot = await on.log.refresh()
  const before = on.now() - keepMs
  const unneeded = [...(await on.files.list('segments')), ...(await on.files.list('_headwater/scratch'))].filter(
    ({ path, modifiedAt }) => {
      if (snapshot.files.has(path) || path.endsWith('/.keep')) return false
      return (snapshot.removed.get(path)?.deletionTimestamp ?? modifiedAt) < before
    },
  )
  for (const { path } of unneeded) await on.files.remove(path)
  return { files: unneeded.length, bytes: unneeded.reduce((sum, { bytes }) => sum + bytes, 0) }
}
