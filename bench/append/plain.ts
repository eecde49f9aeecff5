import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** What one would write by hand: a table of the same shape, a prepared INSERT. */
export const plainTable = `
  create table plain_event (
    position bigserial primary key, stream text not null, version bigint not null, id text not null unique, type text not null,
    schema_version integer not null, occurred_at timestamptz not null, recorded_at timestamptz not null default now(),
    correlation_id text not null, causation_id text not null, traceparent text, data json not null, unique (stream, version)
  );
  create table plain_row (key text primary key, value jsonb not null)`

const insertText = `insert into plain_event (stream, version, id, type, schema_version, occurred_at, correlation_id, causation_id, data)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

let streams = 0

export function insert(on: pg.Pool | pg.PoolClient, data: unknown, type = 'Saved') {
  const id = randomUUID()
  const values = [`pot-${++streams}`, 1, id, type, 1, new Date().toISOString(), id, id, JSON.stringify(data)]
  return on.query({ name: 'insert', text: insertText, values })
}

/** Request, event and row, by hand: BEGIN, three prepared inserts, COMMIT. */
export async function insertThree(pool: pg.Pool, data: unknown): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await insert(client, { input: data }, 'RequestReceived')
    await insert(client, data)
    const text = 'insert into plain_row values ($1, $2) on conflict (key) do update set value = excluded.value'
    await client.query({ name: 'row', text, values: [`pot-${streams}`, JSON.stringify(data)] })
    await client.query('commit')
  } finally {
    client.release()
  }
}

/** The limit for 100 an append: the server makes the rows itself, nothing is sent. */
export function insertHundred(pool: pg.Pool, data: string) {
  const stream = `pot-${++streams}`
  const text = `insert into plain_event (stream, version, id, type, schema_version, occurred_at, correlation_id, causation_id, data)
    select $1, n, gen_random_uuid()::text, 'Saved', 1, now(), $2, $2, $3 from generate_series(1, 100) n`
  return pool.query({ name: 'hundred', text, values: [stream, randomUUID(), data] })
}
