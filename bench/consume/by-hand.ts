import { readFeed } from '@headwater/feed'
import type pg from 'pg'
import { upsert } from './spending.ts'

/**
 * What is written by hand: read the feed, one transaction an event, with the effect and the cursor in it. Answers how many it
 * handled in the time. */
export async function byHand(pool: pg.Pool, feedUrl: string, ms: number): Promise<number> {
  await pool.query(`create table if not exists cursor (name text primary key, position bigint not null)`)
  await pool.query(`truncate spending, cursor; insert into cursor values ('by-hand', 0)`)
  const client = await pool.connect()
  const end = performance.now() + ms
  let handled = 0
  for await (const { events } of readFeed(feedUrl, { after: 'start' })) {
    for (const { data, position } of events) {
      const { customerId, amountMinor } = data as { customerId: string; amountMinor: number }
      await client.query('begin')
      await client.query({ name: 'effect', text: upsert, values: [customerId, amountMinor] })
      await client.query({
        name: 'cursor',
        text: `update cursor set position = $1 where name = 'by-hand'`,
        values: [position],
      })
      await client.query('commit')
      handled += 1
      if (performance.now() >= end) break
    }
    if (performance.now() >= end) break
  }
  client.release()
  return handled
}
