import type { Files } from '../files.ts'
import { type Action, actionsOf, linesOf } from './actions.ts'
import type { Checkpoints } from './checkpoint.ts'
import { after, emptySnapshot, type Snapshot } from './snapshot.ts'

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

export async function openDeltaLog(files: Files, checkpoints: Checkpoints): Promise<DeltaLog> {
  let snapshot = await loaded(files, checkpoints, Number.POSITIVE_INFINITY)

  const refresh = async () => {
    snapshot = await readOn(files, snapshot, Number.POSITIVE_INFINITY)
    return snapshot
  }
  return {
    get snapshot() {
      return snapshot
    },
    refresh,
    async commit(basedOn, actions) {
      const version = basedOn.version + 1
      if (!(await files.putIfAbsent(versionPath(version), linesOf(actions)))) return false
      if (snapshot.version < version) snapshot = after(basedOn, version, actions)
      // A checkpoint only shortens reading: without one, readers read the versions.
      if (version > 0 && version % STRIDE === 0) await checkpoints.write(after(basedOn, version, actions))
      return true
    },
  }
}

/** The newest version up to the one named. */
async function loaded(files: Files, checkpoints: Checkpoints, upTo: number): Promise<Snapshot> {
  const start = (await checkpoints.read(upTo)) ?? emptySnapshot
  return await readOn(files, start, upTo)
}

async function readOn(files: Files, from: Snapshot, upTo: number): Promise<Snapshot> {
  let snapshot = from
  while (snapshot.version < upTo) {
    const version = snapshot.version + 1
    const content = await files.read(versionPath(version))
    if (content === undefined) break
    snapshot = after(snapshot, version, actionsOf(content.toString()))
  }
  return snapshot
}
