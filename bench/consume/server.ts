// The serving process: the feed of `payments`. Arguments: database URL, port.
import http from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { contractOf } from '@headwater/contract'
import { openStore } from '@headwater/event-store'
import { feed } from '@headwater/feed'
import pg from 'pg'
import { payments } from './spending.ts'

const [databaseUrl, port] = process.argv.slice(2) as [string, string]
const { log } = openStore({ pool: new pg.Pool({ connectionString: databaseUrl, max: 6 }), service: 'payments' })
const serve = feed({ log, contract: contractOf(payments), open: true, rate: { perSecond: 1e6, burst: 1e6 } })
http
  .createServer(getRequestListener((request) => serve(request), { overrideGlobalObjects: false }))
  .listen(Number(port), '127.0.0.1', () => process.send?.('ready'))
