import type { BatchContext, Consumer, ConsumedEvent, HandlerContext, SetContext, SetHandler } from './consumer.ts'
import type { EffectTransaction, RunFor } from './effects.ts'
import { Fatal } from './failure.ts'
import type { OutboxEntry } from './keeper.ts'
import type { Tracer } from './tracer.ts'

/** What handling a run of events in a transaction gave. */
export type Handled =
  | { readonly kind: 'handled' }
  | { readonly kind: 'failed'; readonly index?: number; readonly error: unknown }

export interface Work {
  readonly tx: EffectTransaction
  readonly events: readonly { event: ConsumedEvent; key: string }[]
  readonly replay: boolean
  readonly signal: AbortSignal
  /** Filled with the effects to be delivered. */
  readonly outbox: OutboxEntry[]
  readonly tracer?: Tracer | undefined
}

/** Gives events to the declared handlers, in order. A handler that threw is told apart from a transaction that broke. */
export async function handle(consumer: Consumer, work: Work): Promise<Handled> {
  if (work.events.length === 0) return { kind: 'handled' }
  if ('batch' in consumer.handlers) return await handleSet(consumer, consumer.handlers as SetHandler<any>, work)
  const shared = batchContext(work)
  const runFor = runIn(work)
  const handlers = consumer.handlers as Record<string, (data: unknown, context: HandlerContext) => unknown>
  for (const [index, { event, key }] of work.events.entries()) {
    const handler = handlers[event.type]
    if (handler === undefined) continue
    const span = work.replay
      ? undefined
      : work.tracer?.start(`${consumer.name} ${event.type}`, attributes(consumer, [event]))
    try {
      await handler(event.data, {
        ...shared,
        event,
        run: (command, id, data) => runFor(event, command, id, data),
        outbox: outboxOf(work, event, key),
      })
      span?.end()
    } catch (error) {
      span?.end(error)
      return { kind: 'failed', index, error }
    }
  }
  return { kind: 'handled' }
}

async function handleSet(consumer: Consumer, { batch }: SetHandler<any>, work: Work): Promise<Handled> {
  const events = work.events.map(({ event }) => event)
  const keys = new Map(work.events.map(({ event, key }) => [event, key]))
  const add = new Map<ConsumedEvent, (effect: unknown) => void>()
  const span = work.replay ? undefined : work.tracer?.start(consumer.name, attributes(consumer, events))
  try {
    const context: SetContext = {
      ...batchContext(work),
      run: runIn(work),
      outbox(event, effect) {
        const known = add.get(event) ?? outboxOf(work, event, keys.get(event) ?? '')
        add.set(event, known)
        known(effect)
      },
    }
    await batch(events, context)
    span?.end()
    return { kind: 'handled' }
  } catch (error) {
    span?.end(error)
    return events.length === 1 ? { kind: 'failed', index: 0, error } : { kind: 'failed', error }
  }
}

function batchContext({ tx, replay, signal }: Work): BatchContext {
  return {
    async query(sql, params) {
      const { rows, rowCount } = await tx.query(sql, params)
      return { rows, rowCount: rowCount ?? 0 }
    },
    replay,
    signal,
  }
}

function runIn({ tx, replay }: Work): RunFor {
  return async (event, command, id, data) => {
    if (replay) return { kind: 'held' }
    if (tx.run === undefined) {
      throw new Fatal(
        'Expected transactions that can run commands, got plain ones. Give runConsumer `effects` whose transactions have `run`, as the event store does.',
      )
    }
    return await tx.run(command, id, data, event)
  }
}

function outboxOf(work: Work, event: ConsumedEvent, key: string): (effect: unknown) => void {
  let count = 0
  return (effect) => {
    if (work.replay) return
    count += 1
    const text = JSON.stringify(effect)
    if (text === undefined) throw new TypeError(`Expected an effect that is JSON, got ${typeof effect}.`)
    work.outbox.push({
      id: count === 1 ? event.id : `${event.id}.${count}`,
      service: event.service,
      position: event.position,
      key,
      effect: text,
    })
  }
}

/** Spans start a root of their own and link to where the events came from: a stored parent may be years old. */
function attributes(consumer: Consumer, events: readonly ConsumedEvent[]) {
  return {
    links: events.flatMap(({ traceparent }) => (traceparent === undefined ? [] : [traceparent])).slice(0, 128),
    attributes: {
      'headwater.consumer': consumer.name,
      'headwater.service': events[0]?.service ?? '',
      'headwater.position': events.at(-1)?.position ?? 0,
      'messaging.batch.message_count': events.length,
    },
  }
}
