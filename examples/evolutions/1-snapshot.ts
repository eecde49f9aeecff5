// Step 1. The latest state of each pot, as a JSON document. What happened is not kept.
import { documents, migrate, openStore } from '@headwater/event-store'
import express from 'express'
import type pg from 'pg'

export interface Pot {
  readonly savedMinor: number
}

export async function pots(pool: pg.Pool) {
  await migrate(pool)
  const store = openStore({ pool, service: 'pots' })
  const kept = documents<Pot>(store, 'pot')

  const app = express().use(express.json())
  app.get('/pots/:id', async ({ params }, response) => {
    response.json((await kept.get(params.id))?.value ?? { savedMinor: 0 })
  })
  const change = (by: 1 | -1) => async (id: string, amountMinor: number) => {
    const { version = 0, value = { savedMinor: 0 } } = (await kept.get(id)) ?? {}
    const pot = { savedMinor: value.savedMinor + by * amountMinor }
    if (pot.savedMinor < 0) return { refused: 'There is not so much in this pot.' }
    const put = await kept.put(id, pot, version)
    return put.kind === 'put' ? pot : { refused: 'Somebody else changed this pot. Try again.' }
  }
  for (const [name, act] of Object.entries({ save: change(1), withdraw: change(-1) })) {
    app.post(`/pots/:id/${name}`, async ({ params, body }, response) => {
      const answer = await act(params.id!, body.amountMinor)
      response.status('refused' in answer ? 409 : 200).json(answer)
    })
  }
  return { app, store }
}
