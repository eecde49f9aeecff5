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

/**
 * The latest moment that every log has surely passed: when the lake holds all that services had a moment after it.
 * Undefined while the lake is behind.
 * @param nowMs by which nothing recorded earlier is still on its way: a little in the past.
 */
export async function passed(
  query: Query,
  services: readonly { readonly service: string; readonly position: number }[],
  nowMs: number,
): Promise<Passed | undefined> {
  const rows = await query('select service, cast(max(position) as varchar) as position from events group by service')
  const positions = Object.fromEntries(rows.map((row) => [String(row.service), Number(row.position)]))
  if (services.some(({ service, position }) => (positions[service] ?? 0) < position)) return undefined
  return { positions, time: new Date(nowMs).toISOString() }
}
