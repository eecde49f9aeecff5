import type { Files } from '../files.ts'
import { LakeError } from '../failure.ts'
import { type Action, actionsOf, linesOf } from './actions.ts'
import type { Checkpoints } from './checkpoint.ts'
import { after, emptySnapshot, remembering, type Snapshot } from './snapshot.ts'
import { startOf } from './start.ts'

const FOLDER = '_delta_log'
/** Versions between checkpoints. */
const STRIDE = 20

/** The table's log: versions 0, 1, 2…, each one file that is there whole or not at all. */
export interface DeltaLog {
  /** The newest version as last seen here. */
  readonly snapshot: Snapshot
  /** Reads the versions others have added. */
  refresh(): Promise<Snapshot>
  /** Adds the version after the one the actions were made for; false when somebody else has added it, and then nothing is written. */
  commit(basedOn: Snapshot, actions: readonly Action[]): Promise<boolean>
}

export function versionPath(version: number): string {
  return `${FOLDER}/${String(version).padStart(20, '0')}.json`
}

interface LogOptions {
  /** How long files no longer part of the table are remembered; longer than they are kept is of no use. */
  readonly keepMs: number
  readonly now: () => number
  /** Told why a checkpoint was not written: what was committed stands. */
  readonly onTrouble: (error: unknown) => void
}

export async function openDeltaLog(
  files: Files,
  checkpoints: Checkpoints,
  { keepMs, now, onTrouble }: LogOptions,
): Promise<DeltaLog> {
  let snapshot = await newest(files, checkpoints)
  return {
    get snapshot() {
      return snapshot
    },
    async refresh() {
      snapshot = await newest(files, checkpoints, snapshot)
      return snapshot
    },
    async commit(basedOn, actions) {
      const version = basedOn.version + 1
      if (!(await files.putIfAbsent(versionPath(version), linesOf(actions)))) return false
      if (version < (await startOf(files))) {
        // The number was free because it was vacuumed: the table has long gone on without it.
        await files.remove(versionPath(version))
        return false
      }
      const committed = after(basedOn, version, actions)
      const checkpointed = version > 0 && version % STRIDE === 0
      const next = checkpointed ? remembering(committed, now() - keepMs) : committed
      if (snapshot.version < version) snapshot = next
      // A checkpoint only shortens reading: without one, readers read the versions.
      if (checkpointed) await checkpoints.write(next).catch(onTrouble)
      return true
    },
  }
}

/** Reads on from a version; where the next ones are gone, or none is known yet, from a checkpoint. */
async function newest(files: Files, checkpoints: Checkpoints, known?: Snapshot): Promise<Snapshot> {
  for (let from = known; ; from = undefined) {
    from ??= await checkpointed(files, checkpoints)
    const snapshot = await readOn(files, from)
    // Asked after reading: had a version been vacuumed before it was read, the start would have moved beyond it.
    if (from.version + 1 >= (await startOf(files))) return snapshot
  }
}

async function checkpointed(files: Files, checkpoints: Checkpoints): Promise<Snapshot> {
  const start = await startOf(files)
  const checkpoint = await checkpoints.read(start)
  if (checkpoint === undefined && start > 0)
    throw new LakeError(
      'HW_LAKE_CHECKPOINT',
      `Expected a checkpoint of version ${start} or later in ${FOLDER}, since earlier versions were vacuumed; found none. Put it back from a copy.`,
    )
  return checkpoint ?? emptySnapshot
}

async function readOn(files: Files, from: Snapshot): Promise<Snapshot> {
  for (let snapshot = from; ;) {
    const version = snapshot.version + 1
    const content = await files.read(versionPath(version))
    if (content === undefined) return snapshot
    snapshot = after(snapshot, version, actionsOf(content.toString()))
  }
}
