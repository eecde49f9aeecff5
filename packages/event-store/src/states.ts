import { isDeepStrictEqual } from 'node:util'
import { contractOf, type Event, type EventType, isPersonal } from '@headwater/contract'
import type pg from 'pg'
import { type Decider, type Definition, definitionOf } from './decider.ts'
import { type Keyring, leaseMs } from './keyring.ts'
import { openEvents } from './sealing.ts'
import type { Session } from './session.ts'
import { statement } from './statement.ts'
import { Turns } from './turns.ts'

/** State of an entity at a version of its stream. */
export interface Loaded<State = any> {
  readonly state: State
  readonly version: number
}

/** Events folded in one load from which on the state is kept as a snapshot. */
const snapshotEvery = 200
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
  readonly #kept = new Map<Definition, Map<string, Kept>>()
  /** How often what was kept was dropped. */
  #forgotten = 0
  readonly #now: () => number
  /** Opens what is sealed in events; absent where nothing personal is declared. */
  readonly keys: Keyring | undefined

  constructor(session: Session, schema: string, keys?: Keyring, now: () => number = Date.now) {
    this.#session = session
    this.#schema = schema
    this.keys = keys
    this.#now = now
  }

  /** A state that may be old; undefined when none is kept. */
  kept<State>(decider: Decider<State>, id: string): Loaded<State> | undefined {
    const kept = this.#kept.get(definitionOf(decider))?.get(id)
    return kept === undefined || kept.until < this.#now() ? undefined : kept
  }

  /** @param fresh folded from the first event on, not from a state that was kept. */
  keep<State>(decider: Decider<State>, id: string, { state, version }: Loaded<State>, fresh = false): void {
    const definition = definitionOf(decider)
    const states = this.#kept.get(definition) ?? new Map<string, Kept>()
    this.#kept.set(definition, states)
    const before = states.get(id)
    if ((before?.version ?? -1) > version) return
    // Somebody may be forgotten in another process: what was opened is kept for a time, and what follows from it no longer than that.
    const until = this.#isOpened(definition) ? (fresh ? this.#now() + leaseMs : before?.until) : Infinity
    if (until === undefined) return
    states.delete(id)
    states.set(id, { state, version, until })
    if (states.size > cachedMost) states.delete(states.keys().next().value!)
  }

  forget(decider: Decider, id: string): void {
    this.#kept.get(definitionOf(decider))?.delete(id)
  }

  /** Keeps nothing any longer: the log may be another one now. */
  forgetAll(): void {
    this.#forgotten += 1
    this.#kept.clear()
  }

  /** Keeps no state with personal data opened in it any longer: somebody was forgotten. */
  forgetOpened(): void {
    this.#forgotten += 1
    for (const definition of this.#kept.keys()) if (this.#isOpened(definition)) this.#kept.delete(definition)
  }

  #isOpened({ facts }: Definition): boolean {
    return this.keys !== undefined && isPersonal(facts)
  }

  /** The state now. */
  async load<State>(decider: Decider<State>, id: string, on?: pg.ClientBase): Promise<Loaded<State>> {
    const kept = this.kept(decider, id)
    const forgotten = this.#forgotten
    const loaded = await this.#fold(decider, id, kept ?? initial(decider), undefined, on)
    // What was loaded before that is good for this once.
    if (forgotten === this.#forgotten) this.keep(decider, id, loaded, kept === undefined)
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

  /** Version of an entity's stream at a position of the log. */
  async versionAt(decider: Decider, id: string, position: number): Promise<number> {
    const values = [`${definitionOf(decider).category}-${id}`, position]
    const [row] = await this.#session.rows(statement('version-at', this.#schema), values)
    return Number(row?.[0] ?? 0)
  }

  async #fold<State>(
    decider: Decider<State>,
    id: string,
    from: Loaded<State>,
    upTo: number | undefined,
    on?: pg.ClientBase,
  ): Promise<Loaded<State>> {
    const definition = definitionOf(decider)
    const stream = `${definition.category}-${id}`
    const most = upTo ?? Number.MAX_SAFE_INTEGER
    const rows =
      from.version === 0
        ? await this.#rows('snapshot-facts', [stream, definition.edition, most], on)
        : await this.#rows('stream-facts', [stream, from.version, most], on)
    const first = rows[0]?.type === null ? rows.shift() : undefined
    let { state, version } = first === undefined ? from : { state: first.data as State, version: first.version }
    const evolve = evolver(definition)
    for (const event of await this.#opened(definition, rows)) {
      state = evolve(state, event as FactRow & { type: string })
      version = event.version
    }
    if (upTo === undefined && rows.length >= snapshotEvery) void this.#snapshot(definition, stream, { state, version })
    return { state, version }
  }

  async #rows(name: string, values: readonly unknown[], on?: pg.ClientBase): Promise<FactRow[]> {
    const rows = await this.#session.rows(statement(name, this.#schema), values, { on })
    return rows.map(([version, type, schemaVersion, data]) => ({
      version: Number(version),
      type: type!,
      schemaVersion: Number(schemaVersion),
      data: JSON.parse(data!),
    }))
  }

  async #opened(definition: Definition, rows: readonly FactRow[]): Promise<readonly FactRow[]> {
    if (this.keys === undefined || !isPersonal(definition.facts)) return rows
    return await openEvents(this.keys, definition.facts, rows as (FactRow & { type: string })[])
  }

  /** Keeps the state of a long stream, unless JSON cannot hold it or it has personal data opened in it. */
  async #snapshot({ edition, facts }: Definition, stream: string, { state, version }: Loaded): Promise<void> {
    const text = JSON.stringify(state)
    if (isPersonal(facts) || text === undefined || !isDeepStrictEqual(JSON.parse(text), state)) return
    const put = this.#session.rows(statement('put-snapshot', this.#schema), [stream, edition, version, text])
    await put.catch(() => undefined) // a snapshot saves time only; the next load makes it again
  }
}

interface Kept extends Loaded {
  /** Milliseconds since 1970. */
  readonly until: number
}

interface FactRow {
  readonly version: number
  /** null: a snapshot. */
  readonly type: string | null
  readonly schemaVersion: number
  readonly data: unknown
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
