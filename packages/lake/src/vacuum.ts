import type { DeltaLog } from './delta/log.ts'
import { moveStart } from './delta/start.ts'
import type { Files, StoredFile } from './files.ts'
import type { Scratch } from './scratch.ts'

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
  on: { log: DeltaLog; files: Files; scratch: Scratch; now: () => number },
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
  unneeded.push(...(await oldVersions(on.files, before)))
  for (const { path } of unneeded) await on.files.remove(path)
  await on.scratch.sweep()
  return { files: unneeded.length, bytes: unneeded.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** Lets the log begin with the newest checkpoint that is old enough, and answers the versions and checkpoints before it. */
async function oldVersions(files: Files, before: number): Promise<StoredFile[]> {
  const versions = (await files.list('_delta_log')).flatMap((file) => {
    const match = /(\d{20})\.(json|checkpoint\.parquet)$/.exec(file.path)
    return match === null ? [] : [{ file, version: Number(match[1]), checkpoint: match[2] !== 'json' }]
  })
  const old = versions.filter(({ checkpoint, file }) => checkpoint && file.modifiedAt < before)
  const first = Math.max(0, ...old.map(({ version }) => version))
  if (first > 0) await moveStart(files, first)
  return versions.filter(({ version, file }) => version < first && file.modifiedAt < before).map(({ file }) => file)
}
