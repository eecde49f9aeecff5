import { randomUUID } from 'node:crypto'
import type { Add } from './delta/actions.ts'
import type { DeltaLog } from './delta/log.ts'
import { type Contents, contentsOf, type Snapshot } from './delta/snapshot.ts'
import type { Engine } from './engine.ts'
import { envelopeColumns } from './event-row.ts'
import type { Files } from './files.ts'
import { copySegment } from './segment.ts'
import { name, text, texts } from './sql.ts'
import { bodyKey, namesOf } from './body.ts'

/** Runs of one size before they become one; each is that many times larger, so an event is rewritten a few times in all. */
const FAN = 8
/** Events below which runs count as of the same size. */
const SMALLEST = 50_000
/** Events beyond which a run is not joined any more. */
const LARGEST = 8_000_000
/** Events a file of a run holds at most: what is sorted in memory, since a sort that spills takes twice as long. */
const PER_FILE = 250_000

interface Compacting {
  readonly log: DeltaLog
  readonly files: Files
  readonly engine: Engine
  readonly now: () => number
}

/** Segments worth joining now; none when there is nothing to gain. */
export function crowded(snapshot: Snapshot, fan: number = FAN): readonly Add[] {
  const tiers = new Map<number, Add[][]>()
  for (const [events, run] of runsOf(snapshot)) {
    if (events >= LARGEST) continue
    const tier = Math.max(0, Math.floor(Math.log(events / SMALLEST) / Math.log(FAN)) + 1)
    tiers.set(tier, [...(tiers.get(tier) ?? []), run])
  }
  const [first] = [...tiers].filter(([, runs]) => runs.length >= fan).toSorted(([a], [b]) => a - b)
  return first?.[1].flat() ?? []
}

/** What was sealed, or joined, at one time. Files of one run are in order already: joining them with each other gains nothing. */
function runsOf(snapshot: Snapshot): (readonly [events: number, segments: Add[]])[] {
  const runs = new Map<string, [number, Add[]]>()
  for (const add of snapshot.files.values()) {
    const { types, run = { id: add.path, events: total(types) } } = contentsOf(add)
    const known = runs.get(run.id)
    if (known === undefined) runs.set(run.id, [run.events, [add]])
    else known[1].push(add)
  }
  return [...runs.values()]
}

/**
 * Joins segments into one sorted run: the same events, in one new version of the table. Readers of older versions keep the old
 * files until they are vacuumed. Answers false when another writer has joined some of them first.
 */
export async function compact(on: Compacting, segments: readonly Add[], perFile: number = PER_FILE): Promise<boolean> {
  const run = { id: randomUUID(), events: segments.reduce((sum, add) => sum + total(contentsOf(add).types), 0) }
  const adds: Add[] = []
  for (const part of await parts(on, segments, perFile)) adds.push(await joined(on, part, run))
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

/** What goes into one file. */
interface Part {
  /** Segments that hold some of it. */
  readonly held: readonly Add[]
  /** Events by `service.Type`. */
  readonly types: Readonly<Record<string, number>>
  readonly where: string
}

/** In the order of the table: several types together, or a range of the units of one. A question opens only what holds its types. */
async function parts(on: Compacting, segments: readonly Add[], perFile: number): Promise<Part[]> {
  const counts: Record<string, number> = {}
  for (const add of segments)
    for (const [key, events] of Object.entries(contentsOf(add).types)) counts[key] = (counts[key] ?? 0) + events
  const order = Object.keys(counts).toSorted((a, b) => compare(namesOf(a).type, namesOf(b).type) || compare(a, b))
  const made: Part[] = []
  let together: Record<string, number> = {}
  for (const [index, key] of order.entries()) {
    const events = counts[key]!
    if (events > perFile) made.push(...(await byUnit(on, holding(segments, [key]), key, Math.ceil(events / perFile))))
    else {
      together[key] = events
      const next = counts[order[index + 1] ?? ''] ?? Number.POSITIVE_INFINITY
      if (total(together) + next <= perFile) continue
      const keys = Object.keys(together)
      made.push({ held: holding(segments, keys), types: together, where: keys.map(isOf).join(' or ') })
      together = {}
    }
  }
  return made
}

/** Events of one type in files of about as many; those without a unit, and those of one unit, stay together. */
async function byUnit(on: Compacting, held: readonly Add[], key: string, files: number): Promise<Part[]> {
  const of = `from ${rowsOf(on, held)} where ${isOf(key)}`
  const shares = Array.from({ length: files - 1 }, (_, index) => (index + 1) / files)
  const [cut] = await on.engine.rows(`select quantile_disc(unit, ${JSON.stringify(shares)}) as units ${of}`)
  const units = [...new Set((cut?.['units'] ?? []) as string[])].map(text)
  const ranges = [...units, undefined].map((to, index) => within(units[index - 1], to))
  const [counted] = await on.engine.rows(
    `select ${ranges.map((range, index) => `count(*) filter (where ${range}) as n${index}`).join(', ')} ${of}`,
  )
  return ranges
    .map((range, index) => ({
      held,
      types: { [key]: Number(counted![`n${index}`]) },
      where: `${isOf(key)} and (${range})`,
    }))
    .filter(({ types }) => types[key]! > 0)
}

/** Units from one on and before another; the last range also has what is about none. */
function within(from: string | undefined, to: string | undefined): string {
  if (from === undefined) return to === undefined ? 'true' : `unit < ${to}`
  return to === undefined ? `unit >= ${from} or unit is null` : `unit >= ${from} and unit < ${to}`
}

async function joined(on: Compacting, { held, types, where }: Part, run: Contents['run'] & {}): Promise<Add> {
  const contents = { ...spanned(held.map(contentsOf), Object.keys(types), on.log.snapshot), types, run }
  const bodies = [...new Set(contents.columns.map((column) => column.slice(0, column.indexOf('.'))))]
  return await copySegment(
    on,
    `select ${[...envelopeColumns, ...bodies.map(name)].join(', ')} from ${rowsOf(on, held)} where ${where}`,
    contents,
  )
}

const holding = (segments: readonly Add[], keys: readonly string[]) =>
  segments.filter((add) => keys.some((key) => (contentsOf(add).types[key] ?? 0) > 0))

const rowsOf = (on: Compacting, segments: readonly Add[]) =>
  `read_parquet(${texts(segments.map(({ path }) => on.files.address(path)))}, union_by_name = true)`

function isOf(key: string): string {
  const { service, type } = namesOf(key)
  return `(service = ${text(service)} and type = ${text(type)})`
}

/** Ranges may be wider than what the joined segment holds. */
function spanned(
  held: readonly Contents[],
  keys: readonly string[],
  { bodies }: Snapshot,
): Pick<Contents, 'ranges' | 'columns'> {
  const ranges: Record<string, [number, number]> = {}
  const services = new Set(keys.map((key) => namesOf(key).service))
  for (const one of held)
    for (const [service, [from, to]] of Object.entries(one.ranges)) {
      if (!services.has(service)) continue
      const range = (ranges[service] ??= [from, to])
      range[0] = Math.min(range[0], from)
      range[1] = Math.max(range[1], to)
    }
  const owned = new Set(
    [...bodies.values()].filter((body) => keys.includes(bodyKey(body.service, body.type))).map(({ column }) => column),
  )
  const columns = [...new Set(held.flatMap((one) => one.columns))]
  return { ranges, columns: columns.filter((column) => owned.has(column.slice(0, column.indexOf('.')))) }
}

function total(types: Readonly<Record<string, number>>): number {
  return Object.values(types).reduce((sum, events) => sum + events, 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
