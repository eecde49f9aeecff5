import pg from 'pg'
import type { TableEvent } from '../../packages/experiment/test/events-table.ts'
import { members } from './crew.ts'

export type Logs = readonly TableEvent[]

/** Every event of the three logs, from their databases. */
export async function readLogs(postgres: string, name: string): Promise<Logs> {
  const logs: TableEvent[] = []
  for (const service of members) {
    const url = new URL(postgres)
    url.pathname = `/${name}_${service}`
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    const { rows } = await client.query(
      `select position::int, id, type, stream, (extract(epoch from recorded_at::timestamptz) * 1000000)::bigint::text as time, correlation_id, causation_id, data from headwater.event order by position`,
    )
    await client.end()
    logs.push(
      ...rows.map((row) => ({
        ...row,
        service,
        time: Number(row.time),
        causationId: row.causation_id,
        correlationId: row.correlation_id,
      })),
    )
  }
  return logs
}
