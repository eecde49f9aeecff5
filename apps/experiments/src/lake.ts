import type { Query } from '@headwater/experiment/analysis'
import type { Passed } from './kept-sums.ts'

/** What is asked of a lake: SQL in, columns and rows out. */
export interface AskableLake {
  query(sql: string): Promise<{
    readonly columns: readonly { readonly name: string }[]
    readonly rows: readonly (readonly unknown[])[]
    readonly truncated?: boolean
  }>
}

/** Rows of a lake's answer as objects. An answer cut short is no answer: sums would be wrong. */
export function queryOf(lake: () => AskableLake | undefined): Query {
  return async (sql) => {
    const found = lake()
    if (found === undefined)
      throw new Error('Expected a lake to measure experiments on, got none. Start the landscape with its lake.')
    const { columns, rows, truncated } = await found.query(sql)
    if (truncated === true)
      throw new Error(`Expected all rows of an answer, got the first ${rows.length}. Raise the lake's limit of rows.`)
    return rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index]!.name, value])))
  }
}

/** A moment a little in the past by which nothing recorded earlier is still on its way, and where each log stood then. */
export interface Moment {
  /** RFC 3339, by the clock that events are recorded by. */
  readonly time: string
  /** Position of the last event recorded before it, by service; undefined where its log could not be asked. */
  readonly ends: ReadonlyMap<string, number | undefined>
}

/**
 * What the lake holds, when that is all that the logs had recorded by a moment; undefined while it is behind. A log that could not be asked,
 * or that nobody knows, holds back those who need it, and nobody else.
 */
export async function passed(
  query: Query,
  { time, ends }: Moment,
  { needed }: { readonly needed: readonly string[] },
): Promise<Passed | undefined> {
  const rows = await query('select service, cast(max(position) as varchar) as position from events group by service')
  const landed = new Map(rows.map((row) => [String(row.service), Number(row.position)]))
  const lacks = [...ends].some(([service, end]) => end !== undefined && (landed.get(service) ?? 0) < end)
  // Of a service that was removed all has landed: it is no longer there to be asked.
  const unknown = needed.some(
    (service) => ends.get(service) === undefined && (ends.has(service) || !landed.has(service)),
  )
  return lacks || unknown ? undefined : { positions: Object.fromEntries(landed), time }
}
