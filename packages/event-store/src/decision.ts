import { check, contractOf, type Event } from '@headwater/contract'
import type { Append, ProjectionRow, StreamAppend } from './append.ts'
import {
  type Addressed,
  type Command,
  type Decider,
  type Deciding,
  type Definition,
  definitionOf,
  type Entity,
  type EntityRef,
  isRefusal,
} from './decider.ts'
import type { NewEvent } from './event.ts'
import type { ExecuteOptions, InlineProjection, Outcome, Recorded } from './execute.ts'
import type { Keyring } from './keyring.ts'
import { seal } from './sealing.ts'
import type { Loaded } from './states.ts'

/** Data of a command that does not fit its schema. Nothing was decided. */
export class InvalidCommand extends Error {
  readonly code = 'HW_INVALID_COMMAND'
  readonly issues: readonly { readonly pointer: string; readonly detail: string }[]
  constructor(name: string, issues: InvalidCommand['issues']) {
    const list = issues.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; ')
    super(`The data of command ${name} does not fit its schema: ${list}. Give it the fields its declaration names.`)
    this.issues = issues
  }
}

export interface Request<State> {
  readonly decider: Decider<State>
  readonly id: string
  readonly command: string
  readonly data: unknown
}

/** What the world adds, fixed for all tries of one request. */
export interface World {
  readonly now: Date
  readonly newId: () => string
}

/** The data as its schema gives it. */
export function checkedData(definition: Definition, command: string, data: unknown): unknown {
  const schema = Object.hasOwn(definition.commands, command) ? definition.commands[command] : undefined
  if (schema === undefined) return data
  const checked = check(schema, data)
  if (checked.kind === 'invalid') throw new InvalidCommand(command, checked.issues)
  return checked.value
}

export function nameOf(command: string | Command): string {
  return typeof command === 'string' ? command : command.name
}

/** The states a decision is made on. */
export interface Situation<State> {
  readonly own: Entity<State>
  /** By the names that `reads` gives them. */
  readonly others: Readonly<Record<string, Entity>>
}

/** Loads the deciding entity, then the others it reads. */
export async function situationOf<State>(
  { decider, id, command, data }: Request<State>,
  load: (decider: Decider, id: string) => Promise<Loaded>,
): Promise<Situation<State>> {
  const own: Entity<State> = { decider, id, ...(await load(decider, id)) }
  const refs = definitionOf(decider).reads?.({ type: command, data }, own.state) ?? {}
  const others: Record<string, Entity> = {}
  for (const [name, ref] of Object.entries(refs)) others[name] = { ...ref, ...(await load(ref.decider, ref.id)) }
  return { own, others }
}

export interface Taken<State> {
  readonly outcome: Outcome<State>
  readonly append: Append
  /** The entities with their states once the append is recorded. */
  readonly after: readonly Entity[]
}

/** Decides, and makes the append that records it: all of it only if the states it was made on are still the present ones. */
export function take<State>(
  { id, command, data }: Request<State>,
  { own, others }: Situation<State>,
  world: World,
  options: Omit<ExecuteOptions<State>, 'expected'>,
): Taken<State> {
  const variant = (options.variant ?? noVariant) as Deciding['variant']
  const caller = options.caller === undefined ? {} : { caller: options.caller }
  const decided =
    options.before?.(own.state, own.version) ??
    definitionOf(own.decider).decide({ type: command, data }, own.state, { id, others, variant, ...caller, ...world })
  const events = isRefusal(decided) ? [] : decided
  const changes = changesOf([own, ...Object.values(others)])
  const rows = events.flatMap((event, index) => {
    const change = changeFor(changes, own, event)
    return change.add(event, index, world.now, options)
  })
  const { state, version } = changes.get(streamOf(own))!.entity
  const outcome: Outcome<State> = isRefusal(decided)
    ? { kind: 'refused', code: decided.code, sentence: decided.sentence, state, version }
    : { kind: 'done', state, version, events }
  const recorded = options.record?.(outcome, data) ?? []
  const streams = [...Array.from(changes.values(), (change) => change.append()), ...recorded]
  return {
    outcome,
    append: { streams, rows, meta: options.meta },
    after: Array.from(changes.values(), ({ entity }) => entity),
  }
}

/** What a decision does to one entity. */
class Change {
  entity: Entity
  readonly #expected: number
  readonly #events: NewEvent[] = []

  constructor(entity: Entity) {
    this.entity = entity
    this.#expected = entity.version
  }

  /** Adds an event; answers the rows of the inline projections that follow from it. */
  add(
    { type, data }: Event,
    index: number,
    now: Date,
    { eventId, inline = [] }: Pick<ExecuteOptions<any>, 'eventId' | 'inline'>,
  ): ProjectionRow[] {
    const definition = definitionOf(this.entity.decider)
    const { id } = this.entity
    const state = definition.evolve(this.entity.state, { type, data })
    this.entity = { decider: this.entity.decider, id, state, version: this.entity.version + 1 }
    this.#events.push({
      ...(eventId === undefined ? {} : { id: eventId(index) }),
      type,
      data,
      schemaVersion: contractOf(definition.facts).types.get(type)?.version ?? 1,
      occurredAt: now.toISOString(),
    })
    return inline
      .filter((projection) => definitionOf(projection.decider) === definition)
      .flatMap((projection) => rowsOf(projection, { type, data }, this.entity))
  }

  /** A check alone when nothing was added. */
  append(): StreamAppend {
    return { stream: streamOf(this.entity), expected: this.#expected, events: this.#events }
  }
}

/** The append with the personal fields of its decided events sealed. */
export async function sealed<State>({ append, after }: Taken<State>, keys: Keyring | undefined): Promise<Append> {
  const streams = append.streams.map(async (part, index) => {
    const decider = after[index]?.decider
    const facts = decider === undefined ? (part as Recorded).facts : definitionOf(decider).facts
    return facts === undefined ? part : { ...part, events: await seal(keys, facts, part.events) }
  })
  return { ...append, streams: await Promise.all(streams) }
}

function changesOf(entities: readonly Entity[]): Map<string, Change> {
  const changes = new Map<string, Change>()
  for (const entity of entities) if (!changes.has(streamOf(entity))) changes.set(streamOf(entity), new Change(entity))
  return changes
}

function changeFor(changes: ReadonlyMap<string, Change>, own: Entity, event: Event): Change {
  const stream = streamOf((event as Partial<Addressed>).at ?? own)
  const change = changes.get(stream)
  if (change !== undefined) return change
  throw Object.assign(
    new Error(
      `Expected an event for an entity that the decision reads (${[...changes.keys()].join(', ')}), got one for ${stream}. Name it in reads.`,
    ),
    { code: 'HW_NOT_READ' },
  )
}

export function streamOf({ decider, id }: EntityRef): string {
  return `${definitionOf(decider).category}-${id}`
}

/** The rows of an inline projection that follow from one event, given the state after it. */
export function rowsOf<State>(
  { name, rows }: InlineProjection<State>,
  event: Event,
  { id, state, version }: Entity<State>,
): ProjectionRow[] {
  return rows(event, { id, state, version }).map(({ key, value }) => ({ projection: name, key, value }))
}

function noVariant(experiment: { name?: string }): never {
  throw Object.assign(
    new Error(
      `Expected variants to be given where a decider asks for one (of ${experiment.name ?? 'an experiment'}), got none. Pass execute a variant function.`,
    ),
    { code: 'HW_NO_VARIANT' },
  )
}
