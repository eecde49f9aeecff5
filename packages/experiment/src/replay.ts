import type { Event } from '@headwater/contract'
import { ExperimentRefused } from './refused.ts'
import { canonical } from './seal.ts'
import type { Query } from './sql.ts'
import { field, text } from './sql.ts'

/** The pure part of a decider; `definitionOf(decider)` of the event store is one. */
export interface Replayable<State = any> {
  initialState(): State
  evolve(state: State, event: Event<string, any>): State
  /** Other entities that a decision reads: there are none to be read here. */
  reads?(command: { type: string; data: any }, state: State): Readonly<Record<string, unknown>>
  decide(
    command: { type: string; data: any },
    state: State,
    context: any,
  ): readonly Event[] | { readonly kind: 'refused'; readonly code: string }
}

export interface ReplayOptions {
  readonly query: Query
  readonly service: string
  /** First part of a request's target: the resource's name, `pot` of `pot/p1`. */
  readonly resource: string
  /** First part of the streams' names. */
  readonly category: string
  /** RFC 3339; requests recorded from `from` until before `to`. What happened earlier is state. */
  readonly from: string
  readonly to: string
  /** Field that names whom an event is about. */
  readonly unit: string
  /** Field whose sum is compared, in its own minor unit; absent: only what happens is. */
  readonly amount?: string
  /** Only events of this type are summed; absent: all that have the field. */
  readonly amountIn?: string
  /** The variant a unit had, or would have. Default: control. */
  readonly variant?: VariantThen
}

/** The variant of a unit, for a request at its place in the log. */
export type VariantThen = (
  experiment: { readonly name: string; readonly control: string },
  unit: string,
  asked: { readonly request: string; readonly position: number },
) => string

export interface Replayed {
  readonly label: 'mechanical: behaviour held fixed'
  readonly requests: number
  readonly differ: readonly {
    readonly request: string
    readonly position: number
    readonly unit: string | undefined
    readonly recorded: readonly string[]
    readonly replayed: readonly string[]
    /** Replayed less recorded. */
    readonly amount: bigint
  }[]
  readonly units: number
  readonly amount: bigint
}

/**
 * What if: runs the stored requests of a period through changed code, each on the state its own earlier answers led to, and says which units and how much money would
 * differ. Nothing is written. Throws HW_NOT_REPLAYABLE. What customers would have done instead is not guessed: they ask what they asked.
 */
export async function replay(decider: Replayable, options: ReplayOptions): Promise<Replayed> {
  const differ: Replayed['differ'][number][] = []
  let requests = 0
  for (const entity of entities(await stored(options))) {
    let state = decider.initialState()
    for (const act of entity.acts) {
      const events =
        act.request === undefined || act.before ? act.events : answer(decider, state, act, entity.id, options)
      state = events.reduce((held, event) => decider.evolve(held, event), state)
      if (act.request === undefined || act.before) continue
      requests++
      if (canonical(events) !== canonical(act.events)) differ.push(difference(act, events, options))
    }
  }
  const units = new Set(differ.map(({ unit }) => unit)).size
  const amount = differ.reduce((sum, one) => sum + one.amount, 0n)
  return { label: 'mechanical: behaviour held fixed', requests, differ, units, amount }
}

interface Row {
  readonly entity: string
  readonly position: number
  readonly id: string
  readonly cause: string
  readonly type: string
  readonly data: any
  readonly time: string
  readonly before: boolean
}

/** A request with the entity's events it caused, or events that nobody asked for here. */
interface Act {
  readonly request: Row | undefined
  readonly position: number
  readonly before: boolean
  readonly events: Event<string, any>[]
}

async function stored({ query, service, resource, category, from, to }: ReplayOptions): Promise<Row[]> {
  const target = field('target')
  const rows = await query(`select *, recorded_at < timestamp ${text(plain(from))} as before from (
      select case when type = 'RequestReceived' then substr(${target}, ${resource.length + 2}) else substr(stream, ${category.length + 2}) end as entity,
        position, id, causation_id, type, data, recorded_at
      from events where service = ${text(service)} and recorded_at < timestamp ${text(plain(to))}
        and ((type = 'RequestReceived' and starts_with(${target}, ${text(`${resource}/`)})) or starts_with(stream, ${text(`${category}-`)})))
    order by entity, position`)
  return rows.map((row) => ({
    entity: String(row.entity),
    position: Number(row.position),
    id: String(row.id),
    cause: String(row.causation_id),
    type: String(row.type),
    data: JSON.parse(String(row.data)),
    time: String(row.recorded_at),
    before: row.before === true || row.before === 'true',
  }))
}

const plain = (time: string) => new Date(time).toISOString().replace('T', ' ').replace('Z', '')

function entities(rows: readonly Row[]): { readonly id: string; readonly acts: readonly Act[] }[] {
  const found = new Map<string, { id: string; acts: Act[]; byRequest: Map<string, Act> }>()
  const of = (id: string) => {
    const entity = found.get(id) ?? { id, acts: [], byRequest: new Map<string, Act>() }
    found.set(id, entity)
    return entity
  }
  // A request may stand before or after its events within an append: requests first, then each event to its own.
  for (const row of rows) {
    if (row.type !== 'RequestReceived') continue
    const act = { request: row, position: row.position, before: row.before, events: [] }
    of(row.entity).acts.push(act)
    of(row.entity).byRequest.set(row.id, act)
  }
  for (const { entity, cause, type, data, position, before } of rows) {
    if (type === 'RequestReceived') continue
    const { acts, byRequest } = of(entity)
    const own = byRequest.get(cause)
    if (own === undefined) acts.push({ request: undefined, position, before, events: [{ type, data }] })
    else own.events.push({ type, data })
  }
  return [...found.values()].map(({ id, acts }) => ({ id, acts: acts.toSorted((a, b) => a.position - b.position) }))
}

function answer(
  decider: Replayable,
  state: unknown,
  act: Act,
  id: string,
  options: ReplayOptions,
): readonly Event<string, any>[] {
  const { action, input, caller } = act.request!.data
  const others = Object.keys(decider.reads?.({ type: action, data: input }, state) ?? {})
  if (others.length > 0) {
    throw new ExperimentRefused(
      'HW_NOT_REPLAYABLE',
      `Expected decisions that read their own entity alone, got ${action}, which reads ${others.join(', ')} too. Replay another resource.`,
    )
  }
  let ids = 0
  const decided = decider.decide({ type: action, data: input }, state, {
    id,
    caller,
    others: {},
    now: new Date(act.request!.time),
    newId: () => `${act.request!.id}-${++ids}`,
    variant: (experiment: { name: string; control: string }, unit: string) =>
      options.variant?.(experiment, unit, { request: act.request!.id, position: act.position }) ?? experiment.control,
  })
  return 'kind' in decided ? [] : decided.map(({ type, data }) => ({ type, data }))
}

function difference(
  act: Act,
  events: readonly Event<string, any>[],
  { unit, amount, amountIn }: ReplayOptions,
): Replayed['differ'][number] {
  const total = (of: readonly Event<string, any>[]) =>
    of
      .filter(({ type }) => amountIn === undefined || type === amountIn)
      .reduce((sum, { data }) => sum + BigInt(amount === undefined ? 0 : (data?.[amount] ?? 0)), 0n)
  const named = [...act.events, ...events].find(({ data }) => data?.[unit] !== undefined)
  return {
    request: act.request!.id,
    position: act.position,
    unit: named?.data[unit],
    recorded: act.events.map(({ type }) => type),
    replayed: events.map(({ type }) => type),
    amount: total(events) - total(act.events),
  }
}
