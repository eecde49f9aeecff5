import { either, type Kind, nameable, sameKind } from './kind.ts'

/** A typed field of a payload in the table. `column` never changes its kind: a field that widens gets another column. */
export interface BodyField {
  /** Its name in the payload. */
  readonly field: string
  readonly column: string
  readonly kind: Kind
}

/** The typed payload of one event type of one service: a struct column of the table. */
export interface Body {
  readonly service: string
  readonly type: string
  readonly column: string
  readonly fields: readonly BodyField[]
}

/** Bodies by `bodyKey`. */
export type Bodies = ReadonlyMap<string, Body>

export function bodyKey(service: string, type: string): string {
  return `${service}.${type}`
}

/** The names in a key; a service's name has no dot. */
export function namesOf(key: string): { service: string; type: string } {
  const dot = key.indexOf('.')
  return { service: key.slice(0, dot), type: key.slice(dot + 1) }
}

/** The columns of a payload field, oldest first. */
export function columnsOf(body: Body | undefined, field: string): readonly BodyField[] {
  return body?.fields.filter((known) => known.field === field) ?? []
}

/**
 * The body that holds these kinds as well: the one known when it does already, else one with columns added. What is in the
 * table stays as it is.
 */
export function grown(
  known: Body | undefined,
  of: { readonly service: string; readonly type: string },
  kinds: ReadonlyMap<string, Kind>,
  columnTaken: (column: string) => boolean,
): Body | undefined {
  const fields = [...(known?.fields ?? [])]
  const taken = new Set(fields.map(({ column }) => column.toLowerCase()))
  // DuckDB folds the case of names: of two fields that differ in case only the first is typed, both are in `data`.
  const folded = new Map(fields.map(({ field }) => [field.toLowerCase(), field]))
  for (const [field, kind] of kinds) {
    if ((folded.get(field.toLowerCase()) ?? field) !== field) continue
    folded.set(field.toLowerCase(), field)
    const held = columnsOf(known, field).at(-1)
    const wanted = held === undefined ? kind : either(held.kind, kind)!
    if (held !== undefined && sameKind(held.kind, wanted)) continue
    // A date or a time that is text elsewhere is the same field told less exactly: it stays as declared.
    if ((held?.kind === 'TIMESTAMP' || held?.kind === 'DATE') && kind === 'VARCHAR') continue
    const column = free(nameable(field) ? field : field.replace(/[ ,;{}()\n\t=]/g, '_') || '_', (name) =>
      taken.has(name.toLowerCase()),
    )
    taken.add(column.toLowerCase())
    fields.push({ field, column, kind: wanted })
  }
  if (fields.length === (known?.fields.length ?? 0)) return known
  const column = known?.column ?? free(`${of.service}__${of.type}`, columnTaken)
  return { service: of.service, type: of.type, column, fields }
}

function free(name: string, taken: (name: string) => boolean): string {
  if (!taken(name)) return name
  let number = 2
  while (taken(`${name}__${number}`)) number++
  return `${name}__${number}`
}
