export type { Clock } from './clock.ts'
export { consumer } from './consumer.ts'
export type {
  ConsumedEvent,
  ConsumedOf,
  ConsumedService,
  Consumer,
  ConsumerOptions,
  HandlerContext,
  Handlers,
  HandlersByType,
  KeptTables,
  SetContext,
  SetHandler,
} from './consumer.ts'
export { deliverOutbox } from './delivery.ts'
export type { Deliver, DeliverContext, DeliveryOptions, RunningDelivery } from './delivery.ts'
export { LogForked } from '@headwater/feed'
export { keptTablesSql } from './effects.ts'
export type { CommandData, Effects, EffectTransaction, Run, RunFor } from './effects.ts'
export { Fatal, Poison, Retriable } from './failure.ts'
export type { Judgement, KeptError } from './failure.ts'
export type { ForkRecord, Keeper, Progress } from './keeper.ts'
export { migrateConsumers, postgresKeeper } from './keepers/postgres.ts'
export { tables as consumersSql } from './keepers/schema.ts'
export type { PostgresKeeper, PostgresKeeperOptions } from './keepers/postgres.ts'
export type { OrderingKey } from './ordering-key.ts'
export type { Outbox, WaitingEffect } from './outbox.ts'
export type { KeyRef, ParkedEvent, ParkedEvents } from './parked.ts'
export type { ConsumerStatus, RunningConsumer, RunOptions, ServiceStatus } from './running.ts'
export { rebuildConsumer } from './rebuild.ts'
export type { RebuildOptions } from './rebuild.ts'
export { rewindConsumer } from './rewind.ts'
export type { RewindOptions } from './rewind.ts'
export { runConsumer } from './run-consumer.ts'
export { slotOf, SLOTS } from './slot.ts'
export { sourceCases } from './source-conformance.ts'
export type { SourceCase, SourceWorld } from './source-conformance.ts'
export { feedSource } from './sources/feed.ts'
export type { FeedSourceOptions } from './sources/feed.ts'
export { memorySource } from './sources/memory.ts'
export type { MemorySource } from './sources/memory.ts'
export type { Cursor, ReadRequest, Source, SourceEvent, SourcePage } from './source.ts'
export type { Span, Tracer } from './tracer.ts'
