import type { Statement, TableRef } from './asking/statement.ts'
import type { Catalogue } from './catalogue.ts'
import { contentsOf } from './delta/snapshot.ts'
import { LakeError } from './failure.ts'
import { type Read, readsOf, readsPayload, type ReadType } from './reads.ts'
import type { Tail } from './tail.ts'
import { eventsView, fieldsOf, filesOf, sharedView, type Sight, typeView, type View } from './views.ts'

/** What a question sees, made at one moment. */
export interface Look {
  readonly at: Readonly<Record<string, number>>
  readonly reads: readonly Read[]
  readonly unrepeatable: readonly string[]
  readonly ordered: boolean
  readonly views: readonly View[]
  readonly tables: readonly string[]
  readonly scan: { readonly files: number; readonly bytes: number; readonly events: number }
}

interface Here {
  readonly at?: Readonly<Record<string, number>>
  readonly landed: ReadonlyMap<string, number>
  readonly catalogue: Catalogue
  readonly tail: Tail
}

type TypeName = { readonly service: string; readonly type: string }

/** Resolves the tables of a question. Throws HW_QUERY_TABLE, HW_LAKE_POSITION. */
export function look(statement: Statement, sight: Omit<Sight, 'at' | 'newest'>, here: Here): Look {
  const at = vector(here)
  const whole: Sight = { ...sight, at, newest: here.at === undefined }
  const all = here.catalogue.names()
  const asked = new Map<string, TypeName>()
  const views: View[] = []
  const tables: string[] = []
  let everything = false
  for (const table of statement.tables) {
    if (table.schema === undefined && table.name.toLowerCase() === 'events') {
      everything = true
      views.push(eventsView(whole))
      tables.push('events')
      continue
    }
    const found = typesNamed(table, all)
    for (const name of found) asked.set(`${name.service}.${name.type}`, name)
    views.push(...viewsOf(table, found, whole))
    tables.push(table.schema === undefined ? table.name : `${table.schema}.${table.name}`)
  }
  const payloads = everything && readsPayload(statement) ? all : [...asked.values()]
  const reads = readsOf(
    statement,
    payloads.map((name) => readType(name, whole, here.catalogue)),
  )
  return {
    at: Object.fromEntries(at),
    reads,
    unrepeatable: statement.unrepeatable,
    ordered: statement.ordered,
    views,
    tables,
    scan: scanOf(whole, here.tail, everything ? undefined : new Set(asked.keys())),
  }
}

function viewsOf(table: TableRef, types: readonly TypeName[], sight: Sight): View[] {
  const views = types.map(({ service, type }) => typeView(sight, service, type))
  if (table.schema !== undefined) return views
  const [only] = views
  return views.length === 1 ? [{ name: table.name, sql: only!.sql }] : [...views, sharedView(table.name, types)]
}

function vector({ at, landed }: Here): ReadonlyMap<string, number> {
  if (at === undefined) return new Map(landed)
  for (const [service, position] of Object.entries(at)) {
    const has = landed.get(service) ?? 0
    if (!Number.isSafeInteger(position) || position < 0 || position > has)
      throw new LakeError(
        'HW_LAKE_POSITION',
        `Expected a position of ${service} from 0 to ${has}, which has landed, got ${position}. Ask again when it has, or name an earlier one.`,
      )
  }
  return new Map(Object.entries(at))
}

function typesNamed({ schema, name }: TableRef, all: readonly TypeName[]): readonly TypeName[] {
  const found = all.filter(
    ({ service, type }) =>
      type.toLowerCase() === name.toLowerCase() &&
      (schema === undefined || service.toLowerCase() === schema.toLowerCase()),
  )
  if (found.length > 0) return found
  const asked = schema === undefined ? name : `${schema}.${name}`
  const near = nearest(name, ['events', ...all.map(({ type }) => type)])
  throw new LakeError(
    'HW_QUERY_TABLE',
    `There is no table ${asked}.${near === undefined ? '' : ` Did you mean ${near}?`} Tables are \`events\` and the names of event types; the catalogue lists them.`,
  )
}

function readType(name: TypeName, sight: Sight, catalogue: Catalogue): ReadType {
  return {
    ...name,
    level: catalogue.levelOf(name.service, name.type),
    fields: fieldsOf(sight, name.service, name.type),
  }
}

/** Files and events that may have to be read: all of those files that hold a type asked for. */
function scanOf(sight: Sight, tail: Tail, types: ReadonlySet<string> | undefined): Look['scan'] {
  const held = filesOf(
    sight,
    (add) => types === undefined || Object.keys(contentsOf(add).types).some((key) => types.has(key)),
  )
  const counted = held.flatMap((add) =>
    Object.entries(contentsOf(add).types).map(([key, events]) => (types === undefined || types.has(key) ? events : 0)),
  )
  return {
    files: held.length,
    bytes: held.reduce((sum, { size }) => sum + size, 0) + tail.bytes,
    events: counted.reduce((sum, events) => sum + events, 0) + tail.events,
  }
}

/** The name at the least edit distance, when that is small for its length. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)[0]
  return ranked !== undefined && ranked.distance <= Math.max(2, name.length / 3) ? ranked.candidate : undefined
}

/** Levenshtein's, by two rows. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
