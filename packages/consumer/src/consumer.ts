import {
  type AnyFacts,
  type Contract,
  contractOf,
  type EventType,
  type OutputOf,
  versionsOf,
} from '@headwater/contract'
import { type OrderingKey, orderingKey, wholeLog } from './ordering-key.ts'
import type { Run, RunFor } from './effects.ts'
import type { SourceEvent } from './source.ts'

/** An event as a handler sees it: the envelope, its service and log, and the data of its type. */
export interface ConsumedEvent<Type extends string = string, Data = unknown> extends SourceEvent {
  readonly service: string
  readonly log: string
  readonly type: Type
  readonly data: Data
}

/** Attribute by attribute: twice as fast as a spread, which the source's lazily parsed `data` sends down a slow path. */
export function consumedEvent(event: SourceEvent, service: string, log: string): ConsumedEvent {
  const { partitionKey, traceparent } = event
  const consumed = {
    service,
    log,
    position: event.position,
    id: event.id,
    type: event.type,
    stream: event.stream,
    streamVersion: event.streamVersion,
    schemaVersion: event.schemaVersion,
    data: event.data,
    occurredAt: event.occurredAt,
    recordedAt: event.recordedAt,
    correlationId: event.correlationId,
    causationId: event.causationId,
    text: event.text,
  }
  if (partitionKey === undefined && traceparent === undefined) return consumed
  return {
    ...consumed,
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(traceparent === undefined ? {} : { traceparent }),
  }
}

/** What the handlers of one transaction share. */
export interface BatchContext {
  /** SQL in the transaction that also moves the checkpoint. */
  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number }>
  /** True while history is handled again after a rewind: outside effects and commands are held. */
  readonly replay: boolean
  /** Aborts when the consumer stops for good and the handler should give up. */
  readonly signal: AbortSignal
}

export interface HandlerContext<E extends ConsumedEvent = ConsumedEvent> extends BatchContext {
  readonly event: E
  /** Runs a command of one of the service's own deciders, in the same transaction. */
  readonly run: Run
  /** An effect outside this Postgres (JSON), delivered at least once after the commit, with the event's id as idempotency key. */
  outbox(effect: unknown): void
}

export interface SetContext extends BatchContext {
  readonly run: RunFor
  outbox(event: ConsumedEvent, effect: unknown): void
}

type OneOf<F> = F extends readonly (infer One)[] ? One : F
type NamesOf<F> = F extends AnyFacts ? string & keyof F : never
type DataIn<F, T extends string> = F extends { readonly [name in T]: EventType<string, infer S> } ? OutputOf<S> : never

/** Events of some facts, as a union discriminated by `type`. */
export type ConsumedOf<F> = {
  [T in NamesOf<OneOf<F>>]: ConsumedEvent<T, DataIn<OneOf<F>, T>>
}[NamesOf<OneOf<F>>]

/** A handler for each event type that matters; the others are not even read. */
export type HandlersByType<F> = {
  readonly [T in NamesOf<OneOf<F>>]?: (
    data: DataIn<OneOf<F>, T>,
    context: HandlerContext<ConsumedEvent<T, DataIn<OneOf<F>, T>>>,
  ) => unknown
}

/** The set-based form: all events of the facts, as many at a time as there are, in order. Make facts narrower with `only`. */
export interface SetHandler<F> {
  readonly batch: (events: readonly ConsumedOf<F>[], context: SetContext) => unknown
}

export type Handlers<F> = HandlersByType<F> | SetHandler<F>

export interface ConsumerOptions {
  /** Where a consumer begins that never ran: with all of history (default), or after what is there now. */
  readonly from?: 'start' | 'now'
  /** What must be handled in order: events of the same key (default), or the whole log: one lane, in one process. */
  readonly order?: 'key' | 'log'
  /** A transaction takes up to `events` (default 200), after waiting at most `waitMs` (default 0) for more. */
  readonly batch?: { readonly events?: number; readonly waitMs?: number }
  /** Transactions at a time in one process (default 8; each needs a connection). */
  readonly lanes?: number
  /** Read but not yet handled, at most (defaults 10,000 events, 16 MiB): reading waits. */
  readonly buffer?: { readonly events?: number; readonly bytes?: number }
  /** Times a retriable event is tried before it is parked (default 10). */
  readonly attempts?: number
  /**
   * When a log went on as another lineage, from before what was handled: `stop` (default) until somebody looked, or `go-on` from
   * the fork. Either way the status says what had been done beyond it.
   */
  readonly afterFork?: 'stop' | 'go-on'
  /** Keys set aside in this process, at most (default 1,000): then retriable events wait in place, and poison stops the consumer. */
  readonly parkedKeys?: number
  /** Tables that follow from the events alone; `rebuildConsumer` makes them anew beside the live ones. */
  readonly keeps?: KeptTables
}

/** What a consumer's handlers fill: nobody else writes there. */
export interface KeptTables {
  /** A Postgres schema of their own; names without schema lie there, in `tables` and in the handlers' SQL. */
  readonly schema: string
  /** The statements that make them. */
  readonly tables: string
}

/** A named group that handles events: data and functions, nothing running. */
export interface Consumer {
  readonly name: string
  readonly services: readonly ConsumedService[]
  readonly handlers: Handlers<any>
  readonly options: ConsumerOptions
}

export interface ConsumedService {
  readonly service: string
  readonly types: readonly string[]
  /** Published versions of these, where its facts name them. */
  readonly versions: Readonly<Record<string, number>>
  readonly keyOf: OrderingKey
  /** What it was compiled against: the types and fields it may read. */
  readonly contract: Contract
}

/**
 * Declares a consumer of a service's events, or of several services' (`[customers, payments]`).
 * @param name lower-case letters, digits and `-`; its checkpoints are kept under it, so a new name begins anew.
 */
export function consumer<const F extends AnyFacts | readonly AnyFacts[]>(
  name: string,
  facts: F,
  handler: SetHandler<F>,
  options?: ConsumerOptions,
): Consumer
export function consumer<const F extends AnyFacts | readonly AnyFacts[]>(
  name: string,
  facts: F,
  handlers: HandlersByType<F>,
  options?: ConsumerOptions,
): Consumer
export function consumer<const F extends AnyFacts | readonly AnyFacts[]>(
  name: string,
  facts: F,
  handlers: Handlers<F>,
  options: ConsumerOptions = {},
): Consumer {
  if (!/^[a-z][a-z0-9-]{0,99}$/.test(name)) {
    throw new TypeError(
      `Expected a consumer name like "close-pots", got "${name}". Use lower-case letters, digits and "-".`,
    )
  }
  if (options.order === 'log' && (options.lanes ?? 1) > 1) {
    throw new TypeError(
      `Consumer ${name} wants the order of the whole log and ${options.lanes} lanes. Leave out lanes, or order by key.`,
    )
  }
  const all = (Array.isArray(facts) ? facts : [facts]) as readonly AnyFacts[]
  const services = all.map((one) => consumedService(one, handlers as Handlers<any>, options))
  refuseUnhandled(name, services, all, handlers as Handlers<any>)
  return Object.freeze({ name, services, handlers: handlers as Handlers<any>, options })
}

function consumedService(facts: AnyFacts, handlers: Handlers<any>, options: ConsumerOptions): ConsumedService {
  const contract = contractOf(facts)
  const { service, types } = contract
  const wanted = [...types.keys()].filter((type) => 'batch' in handlers || Object.hasOwn(handlers, type))
  return {
    service,
    types: wanted,
    versions: versionsOf(contract, wanted),
    keyOf: options.order === 'log' ? wholeLog : orderingKey,
    contract,
  }
}

function refuseUnhandled(
  name: string,
  services: readonly ConsumedService[],
  all: readonly AnyFacts[],
  handlers: Handlers<any>,
): void {
  const names = services.map(({ service }) => service)
  if (new Set(names).size < names.length) {
    throw new TypeError(
      `Consumer ${name} names a service twice: ${names.join(', ')}. Give each service's facts once; make them with only(facts, …).`,
    )
  }
  if ('batch' in handlers) return
  const known = new Set(all.flatMap((facts) => [...contractOf(facts).types.keys()]))
  const unknown = Object.keys(handlers).filter((type) => !known.has(type))
  if (unknown.length > 0) {
    throw new TypeError(
      `Consumer ${name} handles ${unknown.join(', ')}, which ${names.join(', ')} does not declare. Known: ${[...known].join(', ')}.`,
    )
  }
  const idle = services.find(({ types }) => types.length === 0)
  if (idle !== undefined)
    throw new TypeError(`Consumer ${name} handles no event of ${idle.service}. Leave its facts out.`)
}
