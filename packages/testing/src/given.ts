import { deepStrictEqual, fail } from 'node:assert/strict'
import type { Event } from '@headwater/contract'
import {
  type Addressed,
  type Command,
  type Decider,
  definitionOf,
  type Entity,
  type Refusal,
} from '@headwater/event-store'

/** What the world is like in a test; everything has a value that never changes. */
export interface World {
  /** Id of the entity; default `1`. */
  readonly id?: string
  /** Default 2026-01-01T00:00:00Z. */
  readonly now?: Date
  /** Who asks. */
  readonly caller?: string
  /** Variant each unit gets, by experiment; default: control. */
  readonly variants?: Readonly<Record<string, string>>
  /** Other entities the decision reads, by name: what happened to each. */
  readonly others?: Readonly<Record<string, { readonly id: string; readonly events: readonly Event[] }>>
}

export interface Given<Commands> {
  /** Decides. */
  when<Name extends string & keyof Commands>(
    command: Name,
    data: Commands[Name] extends Command<infer Data> ? Data : never,
  ): When
}

export interface When {
  /** Exactly these events happen; none: nothing happens. */
  then(...events: readonly (Event | Addressed)[]): void
  /** The domain refuses with this code. */
  refused(code: string): void
  /** The state after what happened. */
  state(expected: object): void
}

/**
 * Given what happened to an entity, when a command comes, then… Pure: no database, no clock, any test runner.
 * @example given(pot, [pots.PotOpened({ customerId: 'c1' })]).when('save', { amountMinor: 5 }).then(pots.Saved(…))
 */
export function given<D extends Decider<any, any>>(
  decider: D,
  events: readonly Event[] = [],
  world: World = {},
): Given<D> {
  const { initialState, evolve, decide, reads } = definitionOf(decider as Decider)
  const before = events.reduce((state, event) => evolve(state, event), initialState())
  return {
    when(command, data) {
      const asked = { type: command, data: checked(decider as Decider, command, data) }
      const named = reads?.(asked, before) ?? {}
      const others = Object.fromEntries(
        Object.entries(named).map(([name, ref]) => [
          name,
          entityAs(ref.decider, ref.id, world.others?.[name]?.events ?? []),
        ]),
      )
      let ids = 0
      const decided = decide(asked, before, {
        id: world.id ?? '1',
        now: world.now ?? new Date('2026-01-01T00:00:00Z'),
        newId: () => `id-${++ids}`,
        ...(world.caller === undefined ? {} : { caller: world.caller }),
        variant: (experiment, unit) => variantIn(world, experiment, unit) as never,
        others,
      })
      return outcomes(decided, () =>
        'kind' in decided
          ? before
          : decided.filter((event) => !('at' in event)).reduce((state, event) => evolve(state, event), before),
      )
    },
  }
}

function checked(decider: Decider, name: string, data: unknown): unknown {
  const schema = definitionOf(decider).commands[name]
  if (schema === undefined) return data
  const result = schema['~standard'].validate(data)
  if (result instanceof Promise) return fail('Expected a command whose schema checks at once.')
  if (result.issues !== undefined)
    return fail(`The command does not fit its schema: ${result.issues.map(({ message }) => message).join('; ')}`)
  return result.value
}

function entityAs(decider: Decider, id: string, events: readonly Event[]): Entity {
  const { initialState, evolve } = definitionOf(decider)
  return {
    decider,
    id,
    version: events.length,
    state: events.reduce((state, event) => evolve(state, event), initialState()),
  }
}

function variantIn(
  { variants = {} }: World,
  experiment: { name?: string; control?: string; variants: object },
  unit: string,
): string {
  const said = variants[experiment.name ?? ''] ?? experiment.control ?? Object.keys(experiment.variants)[0]!
  return said in experiment.variants
    ? said
    : fail(`Expected a variant of ${experiment.name} for ${unit}, got "${said}".`)
}

function outcomes(decided: readonly Event[] | Refusal, after: () => object): When {
  return {
    then(...events) {
      if ('kind' in decided) fail(`Expected events, got the refusal ${decided.code}: ${decided.sentence}`)
      deepStrictEqual(decided.map(plain), events.map(plain))
    },
    refused(code) {
      if (!('kind' in decided))
        fail(`Expected the refusal ${code}, got ${decided.map(({ type }) => type).join(', ') || 'nothing'}.`)
      deepStrictEqual(decided.code, code)
    },
    state: (expected) => deepStrictEqual(after(), expected),
  }
}

/** An addressed event as `{ type, data, at }`, with its entity by category and id. */
function plain(event: Event | Addressed): object {
  if (!('at' in event)) return { type: event.type, data: event.data }
  return { type: event.type, data: event.data, at: `${definitionOf(event.at.decider).category}-${event.at.id}` }
}
