import { randomUUID } from 'node:crypto'
import type { Engine } from '../engine.ts'
import type { Files } from '../files.ts'
import { text } from '../sql.ts'
import { type Action, linesOf } from './actions.ts'
import { after, emptySnapshot, type Snapshot } from './snapshot.ts'

/** The table's state at a version as one Parquet file, so that readers need not read every version before it. */
export interface Checkpoints {
  write(snapshot: Snapshot): Promise<void>
  /** The newest one; undefined when none is of this version or a later one. */
  read(from: number): Promise<Snapshot | undefined>
}

const LAST = '_delta_log/_last_checkpoint'

const columns = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags MAP(VARCHAR, VARCHAR))',
  remove: 'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN)',
  metaData:
    'STRUCT(id VARCHAR, format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  protocol:
    'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])',
}

function pathOf(version: number): string {
  return `_delta_log/${String(version).padStart(20, '0')}.checkpoint.parquet`
}

export function checkpoints(files: Files, engine: Engine): Checkpoints {
  return {
    async write(snapshot) {
      const lines = linesOf(actionsOf(snapshot))
      const draft = `_headwater/scratch/${randomUUID()}`
      await files.put(`${draft}.json`, lines)
      const typed = Object.entries(columns)
        .map(([column, type]) => `${column}: ${text(type)}`)
        .join(', ')
      await engine.run(
        `copy (select * from read_json(${text(files.address(`${draft}.json`))}, columns = {${typed}}, format = 'newline_delimited', maximum_object_size = 67108864))
         to ${text(files.address(`${draft}.parquet`))} (format parquet)`,
      )
      await files.settle(`${draft}.parquet`)
      await files.putIfAbsent(pathOf(snapshot.version), (await files.read(`${draft}.parquet`))!)
      await Promise.all([files.remove(`${draft}.json`), files.remove(`${draft}.parquet`)])
      await files.put(LAST, JSON.stringify({ version: snapshot.version, size: lines.split('\n').length - 1 }))
    },

    async read(from) {
      const version = await newest(files, from)
      if (version === undefined) return undefined
      const rows = await engine.rows(
        `select to_json({txn: txn, add: add, remove: remove, metaData: metaData, protocol: protocol})::varchar as action
         from read_parquet(${text(files.address(pathOf(version)))})`,
      )
      const actions = rows.map(({ action }) => withoutNulls(JSON.parse(action as string)) as Action)
      return after(emptySnapshot, version, actions)
    },
  }
}

async function newest(files: Files, from: number): Promise<number | undefined> {
  const last = await files.read(LAST)
  const noted = last === undefined ? -1 : (JSON.parse(last.toString()) as { version: number }).version
  if (noted >= from) return noted
  // Of two writers the slower may have noted an earlier one.
  const versions = (await files.list('_delta_log'))
    .map(({ path }) => Number(/(\d{20})\.checkpoint\.parquet$/.exec(path)?.[1] ?? Number.NaN))
    .filter((found) => found >= from)
  return versions.length === 0 ? undefined : Math.max(...versions)
}

function actionsOf({ protocol, metaData, txns, files, removed }: Snapshot): Action[] {
  return [
    ...(protocol ? [{ protocol }] : []),
    ...(metaData ? [{ metaData }] : []),
    ...[...txns.values()].map((txn) => ({ txn })),
    ...[...files.values()].map((add) => ({ add: { ...add, dataChange: false } })),
    ...[...removed.values()].map((remove) => ({ remove })),
  ]
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, withoutNulls(member)]),
  )
}
