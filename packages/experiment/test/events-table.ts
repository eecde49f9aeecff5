import { DuckDBInstance } from '@duckdb/node-api'
import type { Query } from '../src/sql.ts'

/** An event as a test says it; what it leaves out is made up from its position. */
export interface TableEvent {
  readonly service: string
  readonly position: number
  readonly id?: string
  readonly type: string
  readonly data: unknown
  readonly stream?: string
  /** Microseconds since 1970. */
  readonly time: number
  readonly causationId?: string
  readonly correlationId?: string
}

/** A table `events` with the lake's columns, in memory. */
export async function eventsTable(events: readonly TableEvent[]): Promise<{ query: Query; close: () => void }> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`create table events (service text, position bigint, id text, type text, stream text, stream_version bigint,
    recorded_at timestamp, occurred_at timestamp, correlation_id text, causation_id text, data text)`)
  const rows = events.map((event) => ({
    ...event,
    id: event.id ?? `${event.service}-${event.position}`,
    stream: event.stream ?? `stream-${event.position}`,
    causation: event.causationId ?? `cause-${event.position}`,
    correlation: event.correlationId ?? `cause-${event.position}`,
    data: JSON.stringify(event.data),
  }))
  const shape = `[{"service":"VARCHAR","position":"BIGINT","id":"VARCHAR","type":"VARCHAR","stream":"VARCHAR","time":"BIGINT","causation":"VARCHAR","correlation":"VARCHAR","data":"VARCHAR"}]`
  for (let from = 0; from < rows.length; from += 5000) {
    const statement =
      await connection.prepare(`insert into events select r.service, r.position, r.id, r.type, r.stream, 1,
      make_timestamp(r.time), make_timestamp(r.time), r.correlation, r.causation, r.data
      from (select unnest(from_json_strict($1, '${shape}')) as r)`)
    statement.bindVarchar(1, JSON.stringify(rows.slice(from, from + 5000)))
    await statement.run()
  }
  const query: Query = async (sql) => {
    const reader = await connection.runAndReadAll(sql)
    return reader.getRowObjectsJS() as never
  }
  return {
    query,
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
