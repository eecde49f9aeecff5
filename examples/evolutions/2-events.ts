// Step 2. What happened is kept; the state follows from it. Same routes, same answers, and each pot has a history.
import { events } from '@headwater/contract'
import { becomeEventSourced, decider, documents, execute, load } from '@headwater/event-store'
import { migrate, openStore, past, refuse } from '@headwater/event-store'
import express from 'express'
import type pg from 'pg'
import { z } from 'zod'
import type { Pot } from './1-snapshot.ts'

const saved = z.object({ savedMinor: z.int() })
const amount = z.object({ amountMinor: z.int().min(1) })
export const facts = events('pots', {
  // What a document said on the day of the change. What had led there is not known, and nothing is made up.
  PotTakenOver: { data: saved, level: 'published' },
  Saved: { data: amount, level: 'published' },
  Withdrawn: { data: amount, level: 'published' },
})
export const pot = decider('pot', facts, {
  commands: { save: amount, withdraw: amount },
  initialState: (): Pot => ({ savedMinor: 0 }),
  decide: {
    save: (cmd) => [facts.Saved(cmd)],
    withdraw: (cmd, { savedMinor }) =>
      cmd.amountMinor > savedMinor ? refuse('too-little', 'There is not so much in this pot.') : [facts.Withdrawn(cmd)],
  },
  evolve: {
    PotTakenOver: (_, { savedMinor }) => ({ savedMinor }),
    Saved: ({ savedMinor }, { amountMinor }) => ({ savedMinor: savedMinor + amountMinor }),
    Withdrawn: ({ savedMinor }, { amountMinor }) => ({ savedMinor: savedMinor - amountMinor }),
  },
})

export async function pots(pool: pg.Pool) {
  await migrate(pool)
  const store = openStore({ pool, service: 'pots' })
  const change = { correlationId: 'become-event-sourced', causationId: 'become-event-sourced' }
  await becomeEventSourced(store, documents<Pot>(store, 'pot'), pot, ({ value }) => [facts.PotTakenOver(value)], change)

  const app = express().use(express.json())
  app.get('/pots/:id', async ({ params }, response) => {
    response.json((await load(store, pot, params.id)).state)
  })
  app.get('/pots/:id/history', async ({ params }, response) => {
    const steps = await past(store, pot, params.id).history()
    response.json(
      steps.map(({ event: { type, data, correlationId }, state }) => ({ type, data, correlationId, state })),
    )
  })
  for (const command of [pot.save, pot.withdraw]) {
    app.post(`/pots/:id/${command.name}`, async ({ params, body, headers }, response) => {
      const request = String(headers['x-request-id'])
      const meta = { correlationId: request, causationId: request }
      const done = await execute(store, pot, params.id!, command, body, { meta })
      if (done.kind === 'done') response.json(done.state)
      else response.status(409).json({ refused: done.kind === 'refused' ? done.sentence : done.kind })
    })
  }
  return { app, store }
}
