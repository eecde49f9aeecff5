import { text } from '../sql.ts'

/** SQL for what happened to one unit, oldest first: in order of recording, and within one log in the order of the log. */
export function timelineSql({ unit, limit = 1_000 }: { readonly unit: string; readonly limit?: number }): string {
  return `select recorded_at, service, position, type, stream, correlation_id, data from events
where unit = ${text(unit)} order by recorded_at, service, position limit ${Math.trunc(limit)}`
}
