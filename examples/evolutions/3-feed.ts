// Step 3. Others may read what happened: the service of step 2, with a feed in front of its log.
import { contractOf } from '@headwater/contract'
import { feed } from '@headwater/feed'
import { getRequestListener } from '@hono/node-server'
import type pg from 'pg'
import * as events from './2-events.ts'

export async function pots(pool: pg.Pool) {
  const { app, store } = await events.pots(pool)
  const serve = feed({ log: store.log, contract: contractOf(events.facts), open: true })
  const listener = getRequestListener((request) => serve(request))
  app.all('/events{/*rest}', listener)
  return { app, store }
}
