import { contractOf, type Event, type EventType } from '@headwater/contract'
import type pg from 'pg'
import { type Decider, type Definition, definitionOf } from './decider.ts'
import type { Session, TextRow } from './session.ts'
import { statement } from './statement.ts'
import { Turns } from './turns.ts'

/** State of an entity at a version of its stream. */
export interface Loaded<State = any> {
  readonly state: State
  readonly version: number
}

/** Entities whose state is kept in memory, for each decider. */
const cachedMost = 10_000

/**
 * States of entities, folded from their streams. What was loaded is kept: a decision on a kept state that turns out old is a
 * conflict of its append, so the keeping costs no safety and saves the reading.
 */
export class States {
  readonly turns = new Turns()
  readonly #session: Session
  readonly #schema: string
  readonly #kept = new WeakMap<Definition, Map<string, Loaded>>()

  constructor(session: Session, schema: string) {
    this.#session = session
    this.#schema = schema
  }

  /** A state that may be old; undefined when none is kept. */
  kept<State>(decider: Decider<State>, id: string): Loaded<State> | undefined {
    return this.#kept.get(definitionOf(decider))?.get(id)
  }

  keep<State>(decider: Decider<State>, id: string, { state, version }: Loaded<State>): void {
    const definition = definitionOf(decider)
    const states = this.#kept.get(definition) ?? new Map<string, Loaded>()
    this.#kept.set(definition, states)
    if ((states.get(id)?.version ?? -1) > version) return
    states.delete(id)
    states.set(id, { state, version })
    if (states.size > cachedMost) states.delete(states.keys().next().value!)
  }

  forget(decider: Decider, id: string): void {
    this.#kept.get(definitionOf(decider))?.delete(id)
  }

  /** The state now. */
  async load<State>(decider: Decider<State>, id: string, on?: pg.ClientBase): Promise<Loaded<State>> {
    const from = this.kept(decider, id) ?? initial(decider)
    const loaded = await this.#fold(decider, id, from, undefined, on)
    this.keep(decider, id, loaded)
    return loaded
  }

  /** The state as it was at a version, or at the last one if the stream is shorter. */
  async loadAt<State>(decider: Decider<State>, id: string, version: number): Promise<Loaded<State>> {
    const kept = this.kept(decider, id)
    return await this.#fold(
      decider,
      id,
      kept !== undefined && kept.version <= version ? kept : initial(decider),
      version,
    )
  }

  async #fold<State>(
    decider: Decider<State>,
    id: string,
    from: Loaded<State>,
    upTo: number | undefined,
    on?: pg.ClientBase,
  ): Promise<Loaded<State>> {
    const definition = definitionOf(decider)
    const evolve = evolver(definition)
    let { state, version } = from
    const values = [`${definition.category}-${id}`, from.version, upTo ?? Number.MAX_SAFE_INTEGER]
    const rows = await this.#session.rows(statement('stream-facts', this.#schema), values, on)
    for (const row of rows) {
      const [at, type, schemaVersion, data] = row as TextRow & string[]
      version = Number(at)
      state = evolve(state, { type: type!, schemaVersion: Number(schemaVersion), data: JSON.parse(data!) })
    }
    return { state, version }
  }
}

function initial<State>(decider: Decider<State>): Loaded<State> {
  return { state: definitionOf(decider).initialState(), version: 0 }
}

/** Evolves by stored events of any schema version. */
export function evolver<State>(definition: Definition<State>) {
  const { types } = contractOf(definition.facts)
  return (state: State, event: Event & { readonly schemaVersion: number }): State =>
    definition.evolve(state, { type: event.type, data: upcast(types.get(event.type), event.schemaVersion, event.data) })
}

/** Lifts data from the schema version it was stored in to the present one. */
export function upcast(type: EventType | undefined, schemaVersion: number, data: unknown): unknown {
  if (type === undefined || schemaVersion === type.version) return data
  let lifted = data
  for (let version = schemaVersion; version < type.version; version++) {
    const step = type.upcast?.[version]
    if (step === undefined) {
      throw Object.assign(
        new Error(
          `Expected an upcaster of ${type.type} from version ${version} to ${version + 1}, found none. Declare upcast: { ${version}: (data) => … }.`,
        ),
        { code: 'HW_NO_UPCASTER' },
      )
    }
    lifted = step(lifted)
  }
  return lifted
}
