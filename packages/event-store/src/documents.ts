import { contractOf, type Event } from '@headwater/contract'
import { type Decider, definitionOf } from './decider.ts'
import type { Meta, NewEvent } from './event.ts'
import { seal } from './sealing.ts'
import { type EventStore, insideOf } from './store.ts'

export interface Document<Value> {
  readonly id: string
  readonly version: number
  readonly value: Value
}

export type PutResult =
  | { readonly kind: 'put'; readonly version: number }
  | { readonly kind: 'conflict'; readonly expected: number; readonly actual: number }

/**
 * The plain document kind: latest state as JSON, no history. A first step to be thrown away: `becomeEventSourced` moves a category to
 * a decider in one call.
 */
export interface Documents<Value> {
  readonly category: string
  get(id: string): Promise<Document<Value> | undefined>
  /** @param expected version it must have, 0 for a new one; default: any. */
  put(id: string, value: Value, expected?: number): Promise<PutResult>
  remove(id: string): Promise<void>
}

/** Documents of a category, in the store's own schema. @param category lower-case letters, digits and `_`. */
export function documents<Value>(store: EventStore, category: string): Documents<Value> {
  const { session, schema } = insideOf(store)
  const table = `${schema}.document`
  const get = async (id: string): Promise<Document<Value> | undefined> => {
    const [row] = await session.rows(`select version, value::text from ${table} where category = $1 and id = $2`, [
      category,
      id,
    ])
    return row === undefined ? undefined : { id, version: Number(row[0]), value: JSON.parse(row[1]!) }
  }
  return {
    category,
    get,
    async put(id, value, expected) {
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError(`Expected a document that is JSON, got ${typeof value}.`)
      const [row] = await session.rows(
        `insert into ${table} as d (category, id, version, value)
         select $1, $2, 1, $3 where coalesce($4, 0) = 0 or exists (select from ${table} where category = $1 and id = $2)
         on conflict (category, id) do update set version = d.version + 1, value = excluded.value
         where $4::bigint is null or d.version = $4
         returning version`,
        [category, id, text, expected ?? null],
      )
      if (row !== undefined) return { kind: 'put', version: Number(row[0]) }
      return { kind: 'conflict', expected: expected!, actual: (await get(id))?.version ?? 0 }
    },
    async remove(id) {
      await session.rows(`delete from ${table} where category = $1 and id = $2`, [category, id])
    },
  }
}

/**
 * Moves every document of a category to the streams of a decider, each by the events that `from` gives for it; a document is gone in
 * the commit that records its events, so that none is lost or doubled, also when it is called again after a failure.
 * @returns number of documents moved.
 */
export async function becomeEventSourced<Value>(
  store: EventStore,
  { category }: Documents<Value>,
  decider: Decider,
  from: (document: Document<Value>) => readonly Event[],
  meta: Meta,
): Promise<number> {
  const { schema } = insideOf(store)
  const { category: streams } = definitionOf(decider)
  const text = `delete from ${schema}.document where (category, id) in (
    select category, id from ${schema}.document where category = $1 order by id limit 100 for update
  ) returning id, version::integer as version, value::text as value`
  for (let moved = 0; ;) {
    const count = await store.transact(async (tx) => {
      const { rows } = await tx.query(text, [category])
      const parts = await Promise.all(
        rows.map(async ({ id, version, value }) => ({
          stream: `${streams}-${id}`,
          expected: 0,
          events: await recordable(store, decider, from({ id, version, value: JSON.parse(value) })),
        })),
      )
      if (parts.length > 0) tx.append({ streams: parts, meta })
      return parts.length
    })
    moved += count
    if (count === 0) return moved
  }
}

/** As `execute` would record them: of the present schema version, personal fields sealed. */
async function recordable(store: EventStore, decider: Decider, events: readonly Event[]): Promise<NewEvent[]> {
  const { facts } = definitionOf(decider)
  const { types } = contractOf(facts)
  const sealed = await seal(store.states.keys, facts, events)
  return sealed.map(({ type, data }) => ({ type, data, schemaVersion: types.get(type)?.version ?? 1 }))
}
