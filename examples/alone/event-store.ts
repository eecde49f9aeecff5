// An Express route that keeps what happened and why, in a service that is otherwise as it was. Postgres: DATABASE_URL.
import { events } from '@headwater/contract'
import { decider, execute, migrate, openStore, past, refuse } from '@headwater/event-store'
import express from 'express'
import pg from 'pg'
import { z } from 'zod'

const facts = events('pots', { Saved: { data: z.object({ amountMinor: z.int() }) } })
const pot = decider('pot', facts, {
  commands: { save: z.object({ amountMinor: z.int() }) },
  initialState: () => ({ savedMinor: 0 }),
  decide: { save: (cmd) => (cmd.amountMinor > 0 ? [facts.Saved(cmd)] : refuse('nothing', 'Save something.')) },
  evolve: { Saved: (pot, { amountMinor }) => ({ savedMinor: pot.savedMinor + amountMinor }) },
})
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
await migrate(pool)
const store = openStore({ pool, service: 'pots' })

const app = express().use(express.json())
app.post('/pots/:id/save', async ({ params, body, headers }, response) => {
  const meta = { correlationId: String(headers['x-request-id']), causationId: String(headers['x-request-id']) }
  const done = await execute(store, pot, params.id, pot.save, body, { meta })
  response.status(done.kind === 'done' ? 200 : 409).json(done.kind === 'done' ? done.state : done)
})
const server = app.listen(0)
const { port } = server.address() as { port: number }

async function save(amountMinor: number): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-request-id': `save-${amountMinor}` }
  const request = { method: 'POST', headers, body: JSON.stringify({ amountMinor }) }
  const answer = await fetch(`http://127.0.0.1:${port}/pots/7/save`, request)
  const { savedMinor, sentence } = (await answer.json()) as { savedMinor?: number; sentence?: string }
  console.log(answer.status, sentence ?? `${savedMinor} saved`)
}
for (const amountMinor of [500, 0, 250]) await save(amountMinor)
console.log('last changed by', (await past(store, pot, '7').blame('/savedMinor'))?.correlationId)
server.close()
await store.close()
await pool.end()
