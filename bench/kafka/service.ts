// A service as it runs: one process that appends to its log and serves its feed. Arguments: database URL, port.
import http from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { contractOf } from '@headwater/contract'
import { openStore } from '@headwater/event-store'
import { feed } from '@headwater/feed'
import pg from 'pg'
import { now } from './clock.ts'
import { orders, pad } from './orders.ts'

export interface Place {
  readonly first: number
  readonly count: number
}
/** The events from `first` on are committed, at the time of `now()`. */
export interface Placed {
  readonly first: number
  readonly at: number
}

const [databaseUrl, port] = process.argv.slice(2) as [string, string]
const store = openStore({ pool: new pg.Pool({ connectionString: databaseUrl, max: 8 }), service: 'orders' })
const serve = feed({ log: store.log, contract: contractOf(orders), open: true, rate: { perSecond: 1e6, burst: 1e6 } })

process.on('message', ({ first, count }: Place) => {
  const numbers = Array.from({ length: count }, (_, index) => first + index)
  const streams = Array.from({ length: Math.min(count, 50) }, (_, stream) => ({
    stream: `order-${(first + stream) % 1_000}`,
    events: numbers.filter((n) => (n - first) % 50 === stream).map((n) => ({ type: 'Placed', data: { n, pad } })),
  }))
  void store
    .append({ streams, meta: { correlationId: 'kafka', causationId: 'kafka' } })
    .then(() => process.send!({ first, at: now() } satisfies Placed))
})
http
  .createServer(getRequestListener((request) => serve(request), { overrideGlobalObjects: false }))
  .listen(Number(port), '127.0.0.1', () => process.send!('listening'))
