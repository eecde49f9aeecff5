// A service that serves the feed of the log at a URL, on a port; killed at any moment.
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { contractOf, events } from '@headwater/contract'
import { openStore } from '@headwater/event-store'
import { feed } from '@headwater/feed'
import pg from 'pg'
import { z } from 'zod'

const [url, port] = process.argv.slice(2) as [string, string]
const contract = contractOf(
  events('fire', { Written: { data: z.any(), level: 'published' }, Noted: { data: z.any() } }),
)
const pool = new pg.Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 2_000 })
const store = openStore({ pool, service: 'fire' })
const serve = feed({ log: store.log, contract, open: true })
createServer(getRequestListener((request) => serve(request), { overrideGlobalObjects: false })).listen(
  Number(port),
  '127.0.0.1',
)
