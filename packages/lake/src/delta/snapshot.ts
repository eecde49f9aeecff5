import type { Bodies } from '../body.ts'
import type { Action, Add, MetaData, Protocol, Remove, Txn } from './actions.ts'
import { bodiesOf } from './schema.ts'

/** The table at one version: what it holds and how far each log has been landed. */
export interface Snapshot {
  /** −1 before the first commit. */
  readonly version: number
  readonly protocol?: Protocol
  readonly metaData?: MetaData
  readonly bodies: Bodies
  readonly files: ReadonlyMap<string, Add>
  /** Files no longer part of the table, kept for readers of older versions until vacuumed. */
  readonly removed: ReadonlyMap<string, Remove>
  readonly txns: ReadonlyMap<string, Txn>
}

export const emptySnapshot: Snapshot = {
  version: -1,
  bodies: new Map(),
  files: new Map(),
  removed: new Map(),
  txns: new Map(),
}

/** The snapshot after one more version's actions. */
export function after(snapshot: Snapshot, version: number, actions: readonly Action[]): Snapshot {
  const files = new Map(snapshot.files)
  const removed = new Map(snapshot.removed)
  const txns = new Map(snapshot.txns)
  let { protocol, metaData } = snapshot
  for (const action of actions) {
    if ('add' in action) {
      files.set(action.add.path, action.add)
      removed.delete(action.add.path)
    } else if ('remove' in action) {
      files.delete(action.remove.path)
      removed.set(action.remove.path, action.remove)
    } else if ('txn' in action) txns.set(action.txn.appId, action.txn)
    else if ('metaData' in action) metaData = action.metaData
    else if ('protocol' in action) protocol = action.protocol
  }
  const bodies =
    metaData === undefined || metaData.schemaString === snapshot.metaData?.schemaString
      ? snapshot.bodies
      : bodiesOf(metaData.schemaString)
  return { version, bodies, files, removed, txns, ...(protocol && { protocol }), ...(metaData && { metaData }) }
}

/** The same table without what was removed from it before a time. */
export function remembering(snapshot: Snapshot, before: number): Snapshot {
  const removed = new Map([...snapshot.removed].filter(([, { deletionTimestamp }]) => deletionTimestamp >= before))
  return { ...snapshot, removed }
}

const APP = 'headwater:'

/** The action that says how far a service's log is in the table. */
export function positionTxn(service: string, position: number, now: number): Action {
  return { txn: { appId: `${APP}${service}`, version: position, lastUpdated: now } }
}

/** Position landed, by service. */
export function positionsOf(snapshot: Snapshot): Map<string, number> {
  const positions = new Map<string, number>()
  for (const { appId, version } of snapshot.txns.values())
    if (appId.startsWith(APP)) positions.set(appId.slice(APP.length), version)
  return positions
}

/**
 * What a segment holds: events by `service.Type`, the first and last position by service, the body columns (`column.field`), and
 * the run it is a part of where events that were joined together became several files.
 */
export interface Contents {
  readonly types: Readonly<Record<string, number>>
  readonly ranges: Readonly<Record<string, readonly [from: number, to: number]>>
  readonly columns: readonly string[]
  readonly run?: { readonly id: string; readonly events: number }
}

export function contentsOf(add: Add): Contents {
  return JSON.parse(add.tags['headwater.contents'] ?? '{"types":{},"ranges":{},"columns":[]}') as Contents
}
