export type { Append, Appended, AppendResult, Conflict, IdReused, ProjectionRow, StreamAppend } from './append.ts'
export { at, decider, definitionOf, entity, refuse } from './decider.ts'
export type {
  Addressed,
  Command,
  Commands,
  Decider,
  Deciding,
  Definition,
  Entity,
  EntityRef,
  Refusal,
  StateOf,
} from './decider.ts'
export { followLog } from './following.ts'
export type { Following, ProjectionFailed, ProjectionStatus } from './following.ts'
export type { InvalidCommand } from './decision.ts'
export { becomeEventSourced, documents } from './documents.ts'
export type { Document, Documents, PutResult } from './documents.ts'
export type { LogRow, Meta, NewEvent, StoredEvent } from './event.ts'
export { execute, load } from './execute.ts'
export type { CommandData, Executed, ExecuteOptions, InlineProjection, Outcome, Recorded } from './execute.ts'
export type { AppendConflict, IdsReused, InvalidAppend, Unsettled } from './failure.ts'
export { past } from './past.ts'
export type { Change, Moment, Past, Step } from './past.ts'
export { postgresKeyring } from './keyring.ts'
export type { Keyring } from './keyring.ts'
export { JsonText } from './json-text.ts'
export type { Lineage, Log, LogRange } from './log.ts'
export { migrate, migrationSql, setClockAhead } from './migrate.ts'
export { adoptOutbox } from './outbox.ts'
export type { AdoptedOutbox, OutboxEvent, OutboxOptions } from './outbox.ts'
export { adopt } from './postgres-log.ts'
export { projection, sqlProjection } from './projection.ts'
export type { AnyProjection, FoldProjection, LogProjection, SqlProjection, Standing } from './projection.ts'
export { rebuild } from './rebuild.ts'
export type { Progress, Rebuilt, RebuildOptions } from './rebuild.ts'
export { forgetPerson } from './forgetting.ts'
export type { ForgottenPerson } from './forgetting.ts'
export { openEvents, sealEvents } from './sealing.ts'
export type { Sealed } from './sealing.ts'
export type { Loaded } from './states.ts'
export { openStore } from './store.ts'
export type { EventStore, StoreOptions } from './store.ts'
export type { Transaction } from './transaction.ts'
