// The same endpoint written by hand: node:http and pg, one transaction with the request, the event and the row, as most would do it.
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { z } from 'zod'

const schema = z.object({ amountMinor: z.int().min(1).max(1_000_000) })
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 })
await pool.query(`
  create table if not exists pot (id text primary key, version integer not null, saved_minor bigint not null);
  create table if not exists pot_event (id uuid primary key, pot text not null, version integer not null, type text not null, data json not null,
    at timestamptz not null default clock_timestamp(), unique (pot, version));
  create table if not exists request (id uuid primary key, caller text not null, data json not null)`)

async function save(potId: string, amountMinor: number, body: string): Promise<string> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const found = await client.query({
      name: 'pot',
      text: 'select version, saved_minor from pot where id = $1 for update',
      values: [potId],
    })
    const { version = 0, saved_minor: saved = 0 } = found.rows[0] ?? {}
    const state = { savedMinor: Number(saved) + amountMinor, version: version + 1 }
    await client.query({
      name: 'request',
      text: 'insert into request values ($1, $2, $3)',
      values: [randomUUID(), 'bench', body],
    })
    await client.query({
      name: 'event',
      text: 'insert into pot_event (id, pot, version, type, data) values ($1, $2, $3, $4, $5)',
      values: [randomUUID(), potId, state.version, 'Saved', JSON.stringify({ amountMinor })],
    })
    await client.query({
      name: 'row',
      text: 'insert into pot values ($1, $2, $3) on conflict (id) do update set version = excluded.version, saved_minor = excluded.saved_minor',
      values: [potId, state.version, state.savedMinor],
    })
    await client.query('commit')
    return JSON.stringify({ ...state, _links: { self: { href: `/pots/${potId}` } } })
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    const checked = schema.safeParse(JSON.parse(body))
    const potId = /^\/pots\/([^/]+)\/save$/.exec(request.url ?? '')?.[1]
    if (!checked.success || potId === undefined) {
      response.writeHead(422).end()
      return
    }
    save(potId, checked.data.amountMinor, body).then(
      (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
      () => response.writeHead(500).end(),
    )
  })
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as { port: number }).port }))
