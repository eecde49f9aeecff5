import type { Add } from './delta/actions.ts'
import type { DeltaLog } from './delta/log.ts'
import { type Contents, contentsOf, type Snapshot } from './delta/snapshot.ts'
import type { Engine } from './engine.ts'
import { envelopeColumns } from './event-row.ts'
import type { Files } from './files.ts'
import { copySegment } from './segment.ts'
import { name, text, texts } from './sql.ts'
import { bodyKey, namesOf } from './body.ts'

/** Segments of one size before they become one; each is that many times larger, so an event is rewritten a few times in all. */
const FAN = 8
/** Events below which segments count as of the same size. */
const SMALLEST = 50_000
/** Events beyond which a segment is not joined any more. */
const LARGEST = 8_000_000
/** Events a joined segment holds at least, before another type begins a new one: a question opens only what holds its types. */
const PER_FILE = 1_000_000

interface Compacting {
  readonly log: DeltaLog
  readonly files: Files
  readonly engine: Engine
  readonly now: () => number
}

/** Segments worth joining now; none when there is nothing to gain. */
export function crowded(snapshot: Snapshot, fan: number = FAN): readonly Add[] {
  const tiers = new Map<number, Add[]>()
  for (const add of snapshot.files.values()) {
    const events = eventsOf(add)
    if (events >= LARGEST) continue
    const tier = Math.max(0, Math.floor(Math.log(events / SMALLEST) / Math.log(FAN)) + 1)
    tiers.set(tier, [...(tiers.get(tier) ?? []), add])
  }
  return [...tiers.entries()].toSorted(([a], [b]) => a - b).find(([, adds]) => adds.length >= fan)?.[1] ?? []
}

/**
 * Joins segments into fewer, larger, sorted ones: the same events, in one new version of the table. Readers of older versions
 * keep the old files until they are vacuumed. Answers false when another writer has joined some of them first.
 */
export async function compact(on: Compacting, segments: readonly Add[]): Promise<boolean> {
  const adds: Add[] = []
  for (const types of shares(segments)) adds.push(await joined(on, segments, types))
  const now = on.now()
  const actions = [
    { commitInfo: { timestamp: now, operation: 'OPTIMIZE', engineInfo: 'headwater' } },
    ...segments.map(({ path }) => ({ remove: { path, deletionTimestamp: now, dataChange: false } })),
    ...adds.map((add) => ({ add: { ...add, dataChange: false } })),
  ]
  for (;;) {
    const snapshot = await on.log.refresh()
    if (!segments.every(({ path }) => snapshot.files.has(path))) break
    if (await on.log.commit(snapshot, actions)) return true
  }
  for (const { path } of adds) await on.files.remove(path)
  return false
}

/** Types that go into one segment together, in the order of the table. */
function shares(segments: readonly Add[]): string[][] {
  const counts = new Map<string, number>()
  for (const add of segments)
    for (const [key, events] of Object.entries(contentsOf(add).types)) counts.set(key, (counts.get(key) ?? 0) + events)
  const order = [...counts.keys()].toSorted((a, b) => compare(namesOf(a).type, namesOf(b).type) || compare(a, b))
  const groups: string[][] = []
  let room = 0
  for (const key of order) {
    if (room <= 0) {
      groups.push([])
      room = PER_FILE
    }
    groups.at(-1)!.push(key)
    room -= counts.get(key)!
  }
  return groups
}

async function joined(on: Compacting, segments: readonly Add[], types: readonly string[]): Promise<Add> {
  const held = segments.filter((add) => types.some((key) => (contentsOf(add).types[key] ?? 0) > 0))
  const contents = sum(held.map(contentsOf), types, on.log.snapshot)
  const bodies = [...new Set(contents.columns.map((column) => column.slice(0, column.indexOf('.'))))]
  const wanted = types.map((key) => {
    const { service, type } = namesOf(key)
    return `(service = ${text(service)} and type = ${text(type)})`
  })
  return await copySegment(
    on,
    `select ${[...envelopeColumns, ...bodies.map(name)].join(', ')}
     from read_parquet(${texts(held.map(({ path }) => on.files.address(path)))}, union_by_name = true)
     where ${wanted.join(' or ')}`,
    contents,
  )
}

/** Counts are exact; ranges may be wider than what the joined segment holds. */
function sum(parts: readonly Contents[], keys: readonly string[], { bodies }: Snapshot): Contents {
  const types: Record<string, number> = {}
  const ranges: Record<string, [number, number]> = {}
  const services = new Set(keys.map((key) => namesOf(key).service))
  for (const part of parts) {
    for (const key of keys) if (part.types[key] !== undefined) types[key] = (types[key] ?? 0) + part.types[key]
    for (const [service, [from, to]] of Object.entries(part.ranges)) {
      if (!services.has(service)) continue
      const range = (ranges[service] ??= [from, to])
      range[0] = Math.min(range[0], from)
      range[1] = Math.max(range[1], to)
    }
  }
  const owned = new Set(
    [...bodies.values()].filter((body) => keys.includes(bodyKey(body.service, body.type))).map(({ column }) => column),
  )
  const columns = [...new Set(parts.flatMap((part) => part.columns))]
  return { types, ranges, columns: columns.filter((column) => owned.has(column.slice(0, column.indexOf('.')))) }
}

export function eventsOf(add: Add): number {
  return Object.values(contentsOf(add).types).reduce((total, events) => total + events, 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
