import { randomUUID } from 'node:crypto'
import type { Bodies, Body } from './body.ts'
import type { Add } from './delta/actions.ts'
import type { Contents } from './delta/snapshot.ts'
import type { Engine } from './engine.ts'
import { envelopeColumns, readRows } from './event-row.ts'
import type { Files } from './files.ts'
import type { Kind } from './kind.ts'
import { name, text } from './sql.ts'

/** Rows a row group holds: what a question about one unit has to unpack at least. */
const ROW_GROUP = 40_960

const parquet = `(format parquet, compression zstd, compression_level 1, row_group_size ${ROW_GROUP})`

/** Writes rows as one sorted, typed Parquet file; it is no part of the table before its `add` is committed. */
export async function writeSegment(
  on: { files: Files; engine: Engine; now: () => number },
  rows: readonly Buffer[],
  contents: Contents,
  bodies: Bodies,
): Promise<Add> {
  const spool = `_headwater/scratch/${randomUUID()}.rows`
  await on.files.put(spool, Buffer.concat(rows))
  try {
    const held = Object.keys(contents.types).flatMap((key) => bodies.get(key) ?? [])
    const source = `(select ${[...envelopeColumns, ...held.map(parsed)].join(', ')} from ${readRows(on.files.address(spool))})`
    const written = held.flatMap((body) => latest(body).map(({ column }) => `${body.column}.${column}`))
    return await copySegment(on, `select ${columns(held)} from ${source}`, { ...contents, columns: written })
  } finally {
    await on.files.remove(spool)
  }
}

/** Writes the rows of a query, which has the table's columns, as one segment. */
export async function copySegment(
  on: { files: Files; engine: Engine; now: () => number },
  query: string,
  contents: Contents,
): Promise<Add> {
  const path = `segments/${randomUUID()}.parquet`
  await on.files.put('segments/.keep', '')
  await on.engine.run(
    `copy (${query} order by type, unit, service, position) to ${text(on.files.address(path))} ${parquet}`,
  )
  const size = await on.files.settle(path)
  return {
    path,
    partitionValues: {},
    size,
    modificationTime: on.now(),
    dataChange: true,
    stats: statsOf(contents),
    tags: { 'headwater.contents': JSON.stringify(contents) },
  }
}

function parsed(body: Body): string {
  return `case when service = ${text(body.service)} and type = ${text(body.type)} then from_json(data, ${structure(latest(body))}) end as ${name(body.column)}`
}

/** Payload fields under the columns they are kept in now. */
function columns(bodies: readonly Body[]): string {
  const renamed = bodies.map((body) => {
    const fields = latest(body)
    const members = fields.map(
      ({ field, column, kind }) => `${name(column)} := ${parsedField(body.column, field, kind)}`,
    )
    const value = fields.every(({ field, column, kind }) => field === column && kind !== 'TIMESTAMP')
      ? name(body.column)
      : `case when ${name(body.column)} is not null then struct_pack(${members.join(', ')}) end`
    return `${value} as ${name(body.column)}`
  })
  return [...envelopeColumns, ...renamed].join(', ')
}

/** The newest column of each field. */
export function latest(body: Body): { field: string; column: string; kind: Kind }[] {
  return [...new Map(body.fields.map((field) => [field.field, field])).values()]
}

/** How `from_json` is told the kinds of fields. It would drop the offset of a time, so that is read with its zone first. */
export function structure(fields: readonly { field: string; kind: Kind }[]): string {
  const read = fields.map(({ field, kind }) => [field, kind === 'TIMESTAMP' ? 'TIMESTAMPTZ' : kind])
  return text(JSON.stringify(Object.fromEntries(read)))
}

/** A field of what `from_json` has read. */
export function parsedField(body: string, field: string, kind: Kind): string {
  const value = `${name(body)}.${name(field)}`
  return kind === 'TIMESTAMP' ? `timezone('UTC', ${value})` : value
}

function statsOf({ types, ranges }: Contents): string {
  const bounds = Object.values(ranges)
  const names = Object.keys(types).map((key) => key.slice(key.indexOf('.') + 1))
  const services = Object.keys(ranges)
  const bound = (pick: 'min' | 'max') => ({
    service: pick === 'min' ? least(services) : most(services),
    type: pick === 'min' ? least(names) : most(names),
    position: Math[pick](...bounds.flat()),
  })
  return JSON.stringify({
    numRecords: Object.values(types).reduce((sum, count) => sum + count, 0),
    minValues: bound('min'),
    maxValues: bound('max'),
    nullCount: { service: 0, type: 0, position: 0 },
  })
}

// Parquet and Delta order text by its UTF-8 bytes; names here are ASCII, for which that is the order of code units.
const least = (names: readonly string[]) => names.reduce((a, b) => (b < a ? b : a))
const most = (names: readonly string[]) => names.reduce((a, b) => (b > a ? b : a))
