import type { Bodies } from './body.ts'
import { bodyKey, columnsOf } from './body.ts'
import type { Add } from './delta/actions.ts'
import { contentsOf, type Snapshot } from './delta/snapshot.ts'
import { envelope, envelopeColumns } from './event-row.ts'
import { either, type Kind, sqlType } from './kind.ts'
import { parsedField, structure } from './segment.ts'
import { name, text, texts } from './sql.ts'

/** What a question sees: the table at a version, the tail, and the position of each log up to which it looks. */
export interface Sight {
  readonly snapshot: Snapshot
  readonly at: ReadonlyMap<string, number>
  /** `at` is all that has landed: then a view stays the same until more is sealed. */
  readonly newest: boolean
  readonly address: (path: string) => string
  /** Kinds of a type's payload fields, as known now. */
  readonly kinds: (service: string, type: string) => ReadonlyMap<string, Kind>
}

export interface View {
  readonly schema?: string
  readonly name: string
  readonly sql: string
}

/** The table in the asking process that holds the tail. */
export const TAIL = '_tail'

/** All events, of all services. */
export function eventsView(sight: Sight): View {
  const files = filesOf(sight, () => true)
  const columns = envelopeColumns.join(', ')
  const sealed =
    files.length === 0
      ? []
      : [`select ${columns} from read_parquet(${texts(addresses(sight, files))})${where([bounds(sight, files)])}`]
  const newest = `select ${columns} from ${TAIL}${where([newestOf(sight)])}`
  return { name: 'events', sql: [...sealed, newest].join(' union all ') }
}

/** The events of one type of one service, with the payload's fields as columns. */
export function typeView(sight: Sight, service: string, type: string): View {
  const key = bodyKey(service, type)
  const files = filesOf(sight, (add) => (contentsOf(add).types[key] ?? 0) > 0)
  const fields = fieldsOf(sight, service, type)
  const own = `service = ${text(service)} and type = ${text(type)}`
  const sealed =
    files.length === 0
      ? []
      : [
          `select ${[...envelopeColumns, ...fields.map(sealedField(sight.snapshot.bodies, key, columnsIn(files)))].join(', ')}
           from read_parquet(${texts(addresses(sight, files))}, union_by_name = true)${where([own, bounds(sight, files)])}`,
        ]
  const newest = `select ${[...envelopeColumns, ...fields.map(({ field, shown, kind }) => `${parsedField('_body', field, kind)} as ${name(shown)}`)].join(', ')}
    from (select *, from_json(data, ${structure(fields)}) as _body from ${TAIL}${where([own, newestOf(sight)])})`
  const plain = `select ${envelopeColumns.join(', ')} from ${TAIL}${where([own, newestOf(sight)])}`
  return {
    schema: service,
    name: type,
    sql: [...sealed, fields.length === 0 ? plain : newest].join(' union all '),
  }
}

/** Several services' types of one name, as one. */
export function sharedView(shared: string, types: readonly { service: string; type: string }[]): View {
  const parts = types.map(({ service, type }) => `select * from ${name(service)}.${name(type)}`)
  return { name: shared, sql: parts.join(' union all by name ') }
}

export interface ShownField {
  readonly field: string
  /** Its column's name in the view. */
  readonly shown: string
  readonly kind: Kind
}

/** The payload columns of a type's view: all fields the table or the contract knows. */
export function fieldsOf(
  sight: Pick<Sight, 'snapshot' | 'kinds'>,
  service: string,
  type: string,
): readonly ShownField[] {
  const body = sight.snapshot.bodies.get(bodyKey(service, type))
  const kinds = new Map<string, Kind>()
  for (const { field, kind } of body?.fields ?? []) kinds.set(field, kind)
  for (const [field, kind] of sight.kinds(service, type)) {
    const held = kinds.get(field)
    if (held === undefined) kinds.set(field, kind)
    else if (held !== 'TIMESTAMP' && held !== 'DATE') kinds.set(field, either(held, kind)!)
  }
  const folded = new Set<string>(envelopeColumns)
  const shown: ShownField[] = []
  for (const [field, kind] of kinds) {
    const column = Object.hasOwn(envelope, field.toLowerCase()) ? `data_${field}` : field
    // DuckDB folds the case of names: of two fields that differ in case only, the first is a column, both are in `data`.
    if (folded.has(column.toLowerCase())) continue
    folded.add(column.toLowerCase())
    shown.push({ field, shown: column, kind })
  }
  return shown
}

function sealedField(bodies: Bodies, key: string, present: ReadonlySet<string>) {
  return ({ field, shown, kind }: ShownField): string => {
    const body = bodies.get(key)
    const columns = columnsOf(body, field).filter(({ column }) => present.has(`${body!.column}.${column}`))
    const values = columns
      .toReversed()
      .map((held) => converted(`${name(body!.column)}.${name(held.column)}`, held.kind, kind))
    const value =
      values.length === 0
        ? `null::${sqlType(kind)}`
        : values.length === 1
          ? values[0]
          : `coalesce(${values.join(', ')})`
    return `${value} as ${name(shown)}`
  }
}

function converted(value: string, from: Kind, to: Kind): string {
  if (sqlType(from) === sqlType(to)) return value
  if (to === 'VARCHAR' && typeof from === 'object') return `to_json(${value})::varchar`
  return `${value}::${sqlType(to)}`
}

/** Body columns that at least one of the files has. */
function columnsIn(files: readonly Add[]): ReadonlySet<string> {
  return new Set(files.flatMap((add) => contentsOf(add).columns))
}

/** Files that hold events within the positions looked at. */
export function filesOf(sight: Sight, wanted: (add: Add) => boolean): Add[] {
  return [...sight.snapshot.files.values()].filter((add) => {
    const ranges = Object.entries(contentsOf(add).ranges)
    return ranges.some(([service, [from]]) => from <= (sight.at.get(service) ?? 0)) && wanted(add)
  })
}

function addresses(sight: Sight, files: readonly Add[]): string[] {
  return files.map(({ path }) => sight.address(path))
}

/** Undefined when the files hold nothing beyond the positions looked at. */
function bounds(sight: Sight, files: readonly Add[]): string | undefined {
  const within = files.every((add) =>
    Object.entries(contentsOf(add).ranges).every(([service, [, to]]) => to <= (sight.at.get(service) ?? 0)),
  )
  if (within) return undefined
  return oneOf([...sight.at].map(([service, to]) => `(service = ${text(service)} and position <= ${to})`))
}

/** The tail holds nothing that is sealed; as of a position, not all of it. */
function newestOf(sight: Sight): string | undefined {
  if (sight.newest) return undefined
  return oneOf([...sight.at].map(([service, to]) => `(service = ${text(service)} and position <= ${to})`))
}

function oneOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : `(${conditions.join(' or ')})`
}

function where(conditions: readonly (string | undefined)[]): string {
  const said = conditions.filter((condition) => condition !== undefined)
  return said.length === 0 ? '' : ` where ${said.join(' and ')}`
}
