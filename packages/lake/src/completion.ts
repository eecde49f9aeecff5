import { allowedFunctions } from './asking/allowed-functions.ts'
import { envelope, envelopeColumns } from './event-row.ts'
import { sqlType } from './kind.ts'
import type { ShownField } from './views.ts'

export interface Suggestion {
  readonly label: string
  readonly kind: 'table' | 'column' | 'function' | 'keyword'
  /** A type's service and level, a column's type. */
  readonly detail?: string
}

export interface CompletionTable {
  readonly service: string
  readonly type: string
  readonly level: string
  readonly columns: () => readonly ShownField[]
}

const MOST = 50
const KEYWORDS =
  `select from where group by order limit join left on using with as and or not in is null between like case when then
else end count distinct having qualify over partition asof union all desc asc filter interval`.split(/\s+/)

/** What may come at a place in a question, the likeliest first. @param cursor index in the text, at its end without. */
export function complete(
  tables: readonly CompletionTable[],
  text: string,
  cursor: number = text.length,
): readonly Suggestion[] {
  const before = text.slice(0, cursor)
  const [, owner, word = ''] = /(?:"?([A-Za-z_][\w-]*)"?\.)?"?([A-Za-z_]\w*)?$/.exec(before) ?? []
  const rest = before.slice(0, before.length - word.length)
  const found: Suggestion[] = []
  if (owner !== undefined) found.push(...columnsOf(tables, text, aliased(text, owner)), ...typesOf(tables, owner))
  else if (/\b(from|join|describe)\s+"?$/i.test(rest)) found.push(...allTables(tables))
  else {
    found.push(...columnsOf(tables, text))
    for (const label of KEYWORDS) found.push({ label, kind: 'keyword' })
    for (const label of allowedFunctions) if (/^[a-z]/.test(label)) found.push({ label, kind: 'function' })
    found.push(...allTables(tables))
  }
  const wanted = word.toLowerCase()
  const starting = found.filter(({ label }) => label.toLowerCase().startsWith(wanted))
  const within = found.filter(({ label }) => label.toLowerCase().indexOf(wanted) > 0)
  return [...new Map([...starting, ...within].map((one) => [`${one.kind} ${one.label}`, one])).values()].slice(0, MOST)
}

function allTables(tables: readonly CompletionTable[]): Suggestion[] {
  const types = tables.map(({ service, type, level }) => ({
    label: type,
    kind: 'table' as const,
    detail: `${service}, ${level}`,
  }))
  return [{ label: 'events', kind: 'table', detail: 'all events' }, ...types]
}

function typesOf(tables: readonly CompletionTable[], service: string): Suggestion[] {
  return tables
    .filter((table) => table.service === service)
    .map(({ type, level }) => ({ label: type, kind: 'table', detail: level }))
}

/** Columns of the tables the text names; of one of them where told. */
function columnsOf(tables: readonly CompletionTable[], text: string, only?: string): Suggestion[] {
  const named = new Set([...text.matchAll(/[A-Za-z_]\w*/g)].map(([word]) => word.toLowerCase()))
  const asked = tables.filter(({ type }) =>
    only === undefined ? named.has(type.toLowerCase()) : type.toLowerCase() === only,
  )
  const fields = asked.flatMap((table) => table.columns().map(({ shown, kind }) => column(shown, sqlType(kind))))
  return [...fields, ...envelopeColumns.map((label) => column(label, envelope[label]))]
}

function column(label: string, detail: string): Suggestion {
  return { label, kind: 'column', detail }
}

/** The table an alias stands for: `from Saved s`, `join Saved as s`. */
function aliased(text: string, alias: string): string {
  const named = new RegExp(`\\b(?:from|join)\\s+(?:"?[\\w-]+"?\\.)?"?(\\w+)"?\\s+(?:as\\s+)?"?${alias}"?\\b`, 'i').exec(
    text,
  )
  return (named?.[1] ?? alias).toLowerCase()
}
