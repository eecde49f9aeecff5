import { createServer, type Server } from 'node:http'
import { contractOf, events } from '@headwater/contract'
import { adopt, type EventStore, migrate, openStore } from '@headwater/event-store'
import { feed, type FeedPage, readFeed } from '@headwater/feed'
import { throwAwayDatabase } from '@headwater/testing'
import { getRequestListener } from '@hono/node-server'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

const facts = events('payments', { Sent: { data: z.object({ number: z.int() }), level: 'published' } })

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let admin: pg.Client
let pool: pg.Pool
let store: EventStore
let server: Server
let url: string

/** The service on one of the databases, at one address. */
async function startOn(name: string): Promise<void> {
  pool = new pg.Pool({ connectionString: Object.assign(new URL(database.url), { pathname: `/${name}` }).href })
  await migrate(pool)
  store = openStore({ pool, service: 'payments' })
}

beforeAll(async () => {
  database = await throwAwayDatabase()
  admin = new pg.Client({ connectionString: Object.assign(new URL(database.url), { pathname: '/postgres' }).href })
  await admin.connect()
  await startOn(database.name)
  const serving = () => feed({ log: store.log, contract: contractOf(facts), open: true })
  server = createServer(getRequestListener((request) => serving()(request)))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/events`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await store.close()
  await pool.end()
  await admin.query(`drop database if exists ${database.name}_restored with (force)`)
  await admin.end()
  await database.drop()
})

async function send(...numbers: number[]): Promise<void> {
  const meta = { correlationId: 'c', causationId: 'c' }
  const said = numbers.map((number) => ({ type: 'Sent', data: { number } }))
  await store.append({ streams: [{ stream: 'payment-1', events: said }], meta })
}

async function pageAfter(after: 'start' | FeedPage['cursor']): Promise<FeedPage> {
  for await (const page of readFeed(url, { service: 'payments', after, waitSeconds: 0 })) return page
  throw new Error('Expected a page, got none.')
}

const numbers = ({ events: shown }: FeedPage) => shown.map(({ data }) => (data as { number: number }).number)

it('tells every reader what became of its cursor, before and after adopt', async () => {
  await send(1, 2)
  const behind = await pageAfter('start')
  await store.close()
  await pool.end()
  await admin.query(`create database ${database.name}_restored template ${database.name}`) // the backup
  await startOn(database.name)
  await send(3)
  const beyond = await pageAfter('start')
  await store.close()
  await pool.end()

  await startOn(`${database.name}_restored`)
  await expect(pageAfter(beyond.cursor)).rejects.toMatchObject({ code: 'HW_LOG_DIVERGED' })
  await adopt(pool)
  await send(4)
  expect(numbers(await pageAfter(behind.cursor))).toEqual([4])
  const forked = await pageAfter(beyond.cursor).catch((error: unknown) => error)
  expect(forked).toMatchObject({ code: 'HW_LOG_FORKED', fork: { position: 2 } })
  expect(numbers(await pageAfter((forked as { fork: FeedPage['cursor'] }).fork))).toEqual([4])
})
