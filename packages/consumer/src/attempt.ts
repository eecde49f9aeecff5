import type { Consumer } from './consumer.ts'
import type { Effects } from './effects.ts'
import { ownTrouble, transactionTrouble } from './failure.ts'
import { handle } from './handling.ts'
import { type Held, moveOf } from './holding.ts'
import { asideOf, isReplay, type Item, type Verdict } from './item.ts'
import type { Keeper, Move, OutboxEntry, PutAside } from './keeper.ts'
import type { KeyRef, ParkedEvent, ParkedOutcome } from './parked.ts'
import type { Tracer } from './tracer.ts'

/** How one transaction went. */
export type Outcome =
  | { readonly kind: 'committed'; readonly handled: number; readonly outside: number }
  | { readonly kind: 'fenced' }
  /** `index`: the event that failed, when known. */
  | { readonly kind: 'failed'; readonly index?: number; readonly error: unknown }
  | { readonly kind: 'trouble'; readonly trouble: 'again' | 'unknown'; readonly error: unknown }

export interface Attempting {
  readonly consumer: Consumer
  readonly keeper: Keeper
  readonly effects: Effects
  readonly signal: AbortSignal
  readonly tracer?: Tracer | undefined
}

/** Leaves the transaction so that it rolls back, with the outcome as value. */
class RolledBack extends Error {
  readonly outcome: Outcome
  constructor(outcome: Outcome) {
    super(outcome.kind)
    this.outcome = outcome
  }
}

/** One transaction: the effects of these events, what is put aside, and the checkpoints. All of it or nothing. */
export async function attempt(on: Attempting, items: readonly Item[]): Promise<Outcome> {
  const { live, aside, parkedKeys } = sort(items)
  const outcome = await transaction(on, async (tx) => {
    const outbox: OutboxEntry[] = []
    if (live.length > 0) {
      const replay = isReplay(live[0]!)
      const span = replay
        ? on.tracer?.start(`${on.consumer.name} replay`, { links: [], attributes: { 'headwater.events': live.length } })
        : undefined
      const result = await handle(on.consumer, {
        tx,
        events: live,
        replay,
        signal: on.signal,
        outbox,
        tracer: on.tracer,
      })
      span?.end(result.kind === 'failed' ? result.error : undefined)
      if (result.kind === 'failed') throw new RolledBack(failureOf(result, live, items))
    }
    const settled = await on.keeper.settle(tx, on.consumer.name, { moves: movesOf(items), aside, outbox })
    if (!settled) throw new RolledBack({ kind: 'fenced' })
    return { kind: 'committed', handled: live.length, outside: outbox.length }
  })
  if (outcome.kind === 'committed') {
    for (const { held, event } of items) {
      held.position = event.position
      held.eventId = event.id
    }
    for (const [held, keys] of parkedKeys) for (const key of keys) held.parkedKeys.add(key)
  }
  return outcome
}

export interface ParkedAttempt {
  readonly outcome: Outcome
  /** Nothing of the key waits any more. */
  readonly empty: boolean
  readonly front: readonly ParkedEvent[]
}

/** One transaction over the front of a parked key; `verdict` is what was decided about the event at `failedAt`. */
export async function attemptParked(
  on: Attempting,
  held: Held,
  key: KeyRef,
  options: { limit: number; verdict?: { position: number; verdict: Verdict } },
): Promise<ParkedAttempt> {
  let front: readonly ParkedEvent[] = []
  let empty = false
  const outcome = await transaction(on, async (tx) => {
    if (!(await on.keeper.hold(tx, on.consumer.name, moveOf(held)))) throw new RolledBack({ kind: 'fenced' })
    front = await on.keeper.parked.front(tx, on.consumer.name, key, options.limit)
    const stop = front.findIndex(({ position }) => position === options.verdict?.position)
    const replay = front.length > 0 && front[0]!.position <= held.replayUntil
    const upTo = (stop === -1 ? front : front.slice(0, stop)).filter(
      ({ position }) => position <= held.replayUntil === replay,
    )
    const skipped = upTo.filter(({ asked }) => asked === 'skip')
    const todo = upTo.filter(({ asked }) => asked !== 'skip')
    const outbox: OutboxEntry[] = []
    const events = todo.map((parked) => ({ event: JSON.parse(parked.event), key: key.key }))
    const result = await handle(on.consumer, { tx, events, replay, signal: on.signal, outbox, tracer: on.tracer })
    if (result.kind === 'failed') {
      const index = result.index === undefined ? undefined : front.indexOf(todo[result.index]!)
      throw new RolledBack({ kind: 'failed', error: result.error, ...(index === undefined ? {} : { index }) })
    }
    empty = await on.keeper.parked.settle(
      tx,
      on.consumer.name,
      parkedOutcome(key, todo, skipped, stop, options.verdict),
    )
    await on.keeper.settle(tx, on.consumer.name, { moves: [], aside: [], outbox })
    return { kind: 'committed', handled: todo.length, outside: outbox.length }
  })
  return { outcome, empty, front }
}

function parkedOutcome(
  key: KeyRef,
  todo: readonly ParkedEvent[],
  skipped: readonly ParkedEvent[],
  stop: number,
  failed: { position: number; verdict: Verdict } | undefined,
): ParkedOutcome {
  return {
    ...key,
    done: todo.map(({ position }) => position),
    skipped: skipped.map(({ position }) => position),
    ...(stop === -1 || failed === undefined ? {} : { failed: { position: failed.position, ...failed.verdict } }),
  }
}

async function transaction(on: Attempting, work: Parameters<Effects['transact']>[0]): Promise<Outcome> {
  try {
    return (await on.effects.transact(work)) as Outcome
  } catch (error) {
    if (!(error instanceof RolledBack)) {
      const trouble = ownTrouble(error)
      return trouble === undefined ? { kind: 'failed', error } : { kind: 'trouble', trouble, error }
    }
    const { outcome } = error
    if (outcome.kind !== 'failed') return outcome
    const trouble = transactionTrouble(outcome.error)
    return trouble === undefined ? outcome : { kind: 'trouble', trouble, error: outcome.error }
  }
}

/** Events to handle, and those that go behind others of their key. */
function sort(items: readonly Item[]): { live: Item[]; aside: PutAside[]; parkedKeys: Map<Held, Set<string>> } {
  const live: Item[] = []
  const aside: PutAside[] = []
  const parkedKeys = new Map<Held, Set<string>>()
  for (const item of items) {
    const { held, key, verdict } = item
    const newly = parkedKeys.get(held)
    if (verdict === undefined && !held.parkedKeys.has(key) && !newly?.has(key)) {
      live.push(item)
      continue
    }
    aside.push(asideOf(item))
    if (verdict !== undefined) parkedKeys.set(held, (newly ?? new Set()).add(key))
  }
  return { live, aside, parkedKeys }
}

function failureOf(result: { index?: number; error: unknown }, live: readonly Item[], items: readonly Item[]): Outcome {
  if (result.index === undefined) return { kind: 'failed', error: result.error }
  return { kind: 'failed', index: items.indexOf(live[result.index]!), error: result.error }
}

/** The last event of each slot. */
function movesOf(items: readonly Item[]): Move[] {
  const last = new Map<Held, Item>()
  for (const item of items) last.set(item.held, item)
  return Array.from(last.values(), ({ event, held }) => ({
    ...moveOf(held),
    position: event.position,
    eventId: event.id,
  }))
}
