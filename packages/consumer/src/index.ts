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
  SetContext,
  SetHandler,
} from './consumer.ts'
export type { CommandData, Effects, EffectTransaction, Run, RunFor } from './effects.ts'
export { Fatal, Poison, Retriable } from './failure.ts'
export type { Judgement, KeptError } from './failure.ts'
export type { ForkRecord, Keeper, Progress } from './keeper.ts'
export { migrateConsumers, postgresKeeper } from './keepers/postgres.ts'
export type { PostgresKeeper, PostgresKeeperOptions } from './keepers/postgres.ts'
export type { OrderingKey } from './ordering-key.ts'
export type { KeyRef, ParkedEvent, ParkedEvents } from './parked.ts'
export type { ConsumerStatus, RunningConsumer, RunOptions, ServiceStatus } from './running.ts'
export { runConsumer } from './run-consumer.ts'
export { slotOf, SLOTS } from './slot.ts'
export { LogForked } from './source.ts'
export { memorySource } from './sources/memory.ts'
export type { MemorySource } from './sources/memory.ts'
export type { Cursor, ReadRequest, Source, SourceEvent, SourcePage } from './source.ts'
export type { Span, Tracer } from './tracer.ts'
