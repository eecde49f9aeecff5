import type pg from 'pg'

/** Fills an empty log in the server, about 500 bytes an event: `Moved { accountId, amountMinor, note }` of 10,000 accounts. */
export async function fill(pool: pg.Pool, count: number): Promise<void> {
  await pool.query(
    `insert into headwater.event (position, stream, version, id, type, schema_version, occurred_at, recorded_at, correlation_id, causation_id, data)
     select n, 'account-' || n % 10000, 1 + (n - 1) / 10000, gen_random_uuid()::text, 'Moved', 1, at, at, 'c-' || n, 'c-' || n,
       ('{"accountId":"' || n % 10000 || '","amountMinor":' || n % 1000 - 500 || ',"note":"' || repeat('x', 230) || '"}')::json
     from generate_series(1, $1) n, lateral (select to_char(timestamp '2026-01-01' + n * interval '1 ms', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at) time`,
    [count],
  )
  await pool.query('vacuum analyze headwater.event')
}
