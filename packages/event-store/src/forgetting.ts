import { contractOf } from '@headwater/contract'
import type { ProjectionRow } from './append.ts'
import { definitionOf } from './decider.ts'
import type { InlineProjection } from './execute.ts'
import { inlineStep } from './inline-step.ts'
import { type Keyring, leaseMs } from './keyring.ts'
import { openEvents } from './sealing.ts'
import type { Loaded } from './states.ts'
import { type EventStore, insideOf } from './store.ts'
import { statement } from './statement.ts'

/** The key is gone, and what was read with it here. */
export interface ForgottenPerson {
  /** Makes the rows anew once more: until `afterMs` have passed other processes may have written what they had opened before. */
  again(): Promise<void>
  readonly afterMs: number
}

/**
 * Forgets a person: deletes the key, and what the rows of `personal` projections said of the person; they become what a rebuild would
 * make of them. Reads the log twice for each of these projections. Safe to do again.
 */
export async function forgetPerson(
  store: EventStore,
  { keys, projections }: { readonly keys: Keyring; readonly projections: readonly InlineProjection[] },
  person: string,
): Promise<ForgottenPerson> {
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
  const again = async (): Promise<void> => {
    await look() // what came since
    for (const { projection, entities } of written)
      for (const [id, before] of entities) await renew(store, keys, { projection, id, before: [...before] })
  }
  await look()
  await keys.forget(person)
  store.states.forgetOpened()
  await again()
  return { again, afterMs: 2 * leaseMs }
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
  const { category, facts } = definitionOf(projection.decider)
  const step = inlineStep(projection)
  const rows = new Map<string, ProjectionRow>()
  let state: Loaded | undefined
  for (const event of await openEvents(keys, facts, await store.read(`${category}-${id}`))) {
    const { after, rows: written } = step(id, state, event)
    state = after
    for (const row of written) rows.set(row.key, row)
  }
  return { rows, version: state?.version ?? 0 }
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
