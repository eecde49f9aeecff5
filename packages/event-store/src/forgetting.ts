import { contractOf } from '@headwater/contract'
import type { ProjectionRow } from './append.ts'
import { definitionOf } from './decider.ts'
import { rowsOf } from './decision.ts'
import type { InlineProjection } from './execute.ts'
import { type Keyring, leaseMs } from './keyring.ts'
import { openEvents } from './sealing.ts'
import { evolver, upcast } from './states.ts'
import { type EventStore, insideOf } from './store.ts'
import { statement } from './statement.ts'

/** After so long no other process has anything of a person who was forgotten in memory. */
export const forgottenEverywhereMs = 2 * leaseMs

/**
 * Forgets a person: deletes the key, and what the rows of `personal` projections said of the person; they become what a rebuild would
 * make of them. Reads the log twice for each of these projections. Safe to do again.
 * @returns makes the rows anew once more. Where other processes write too, call it after `forgottenEverywhereMs`: until then they may
 * have written what they had opened before.
 */
export async function forgetPerson(
  store: EventStore,
  { keys, projections }: { readonly keys: Keyring; readonly projections: readonly InlineProjection[] },
  person: string,
): Promise<() => Promise<void>> {
  const personal = projections.filter((projection) => projection.personal === true)
  /** Keys of the rows there may be, by projection and entity: without the person's key they could not be told any more. */
  const written = personal.map((projection) => ({ projection, entities: new Map<string, Set<string>>() }))
  const look = async (): Promise<void> => {
    for (const { projection, entities } of written)
      for (const id of await entitiesOf(store, projection, person)) {
        const rows = entities.get(id) ?? new Set()
        for (const key of (await foldRows(store, keys, projection, id)).rows.keys()) rows.add(key)
        entities.set(id, rows)
      }
  }
  const renewed = async (): Promise<void> => {
    await look() // what came since
    for (const { projection, entities } of written)
      for (const [id, before] of entities) await renew(store, keys, { projection, id, before: [...before] })
  }
  await look()
  await keys.forget(person)
  store.states.forgetOpened()
  await renewed()
  return renewed
}

/** Ids of the entities whose events name a person. */
async function entitiesOf(store: EventStore, { decider }: InlineProjection, person: string): Promise<string[]> {
  const { category, facts } = definitionOf(decider)
  const naming = [...contractOf(facts).types.values()].flatMap(({ type, personal = {} }) =>
    [...new Set(Object.values(personal))].map((field) => ({ type, field })),
  )
  if (naming.length === 0) return []
  const { session, schema } = insideOf(store)
  const values = [`${category}-`, naming.map(({ type }) => type), naming.map(({ field }) => field), person]
  const streams = await session.rows(statement('streams-of-person', schema), values)
  return streams.map(([stream]) => stream!.slice(category.length + 1))
}

/** The rows of one entity, undefined where one was deleted, as they follow from its events by the keys there are. */
async function foldRows(store: EventStore, keys: Keyring, projection: InlineProjection, id: string) {
  const definition = definitionOf(projection.decider)
  const { types } = contractOf(definition.facts)
  const evolve = evolver(definition)
  const rows = new Map<string, ProjectionRow>()
  let [state, version] = [definition.initialState(), 0]
  for (const event of await openEvents(keys, definition.facts, await store.read(`${definition.category}-${id}`))) {
    state = evolve(state, event)
    version = event.version
    const given = { type: event.type, data: upcast(types.get(event.type), event.schemaVersion, event.data) }
    for (const row of rowsOf(projection, given, { decider: projection.decider, id, state, version }))
      rows.set(row.key, row)
  }
  return { rows, version }
}

/** Writes the rows anew, at the version they were made for: a decision in between makes it try again. */
async function renew(
  store: EventStore,
  keys: Keyring,
  { projection, id, before }: { projection: InlineProjection; id: string; before: readonly string[] },
): Promise<void> {
  const stream = `${definitionOf(projection.decider).category}-${id}`
  const meta = { correlationId: `forget-${projection.name}`, causationId: `forget-${projection.name}` }
  for (let written = false; !written;) {
    const { rows, version } = await foldRows(store, keys, projection, id)
    const gone = before.filter((key) => !rows.has(key)).map((key) => ({ projection: projection.name, key }))
    const append = { streams: [{ stream, expected: version, events: [] }], rows: [...gone, ...rows.values()], meta }
    written = (await store.append(append)).kind === 'appended'
  }
}
