import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { join } from 'node:path'
import type { AdoptedOutbox, EventStore } from '@headwater/event-store'
import { conform, readFeed } from '@headwater/feed'
import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'

/** Where the pages' code is put to be run; nothing of it is kept. */
const shelf = join(import.meta.dirname, '.headwater', 'programs')

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let program: { store: EventStore; server: Server; pool?: pg.Pool; outbox?: AdoptedOutbox }
beforeEach(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  vi.stubEnv('DATABASE_URL', database.url)
  vi.stubEnv('PORT', '0')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  program.server.closeAllConnections()
  await new Promise((closed) => program.server.close(closed))
  await program.outbox?.stop()
  await program.store.close()
  await program.pool?.end()
  await pool.end()
  await database.drop()
})
afterAll(() => rm(shelf, { recursive: true, force: true }))

/** The code of a page, as a reader would put it into one file. */
async function blocks(page: string, language: 'sql' | 'ts'): Promise<string> {
  const text = await readFile(join(import.meta.dirname, page), 'utf8')
  return [...text.matchAll(new RegExp('```' + language + '\\n([\\s\\S]*?)```', 'g'))]
    .map(([, code]) => code!)
    .join('\n')
}

/** Runs it; answers where it listens. */
async function run(page: string): Promise<string> {
  const file = join(shelf, page.replace('.md', '.ts'))
  await mkdir(shelf, { recursive: true })
  await writeFile(file, await blocks(page, 'ts'))
  program = await import(/* @vite-ignore */ file)
  if (!program.server.listening) await new Promise((listening) => program.server.once('listening', listening))
  return `http://127.0.0.1:${(program.server.address() as { port: number }).port}`
}

async function firstPage(url: string, service: string) {
  for await (const page of readFeed(url, { service, after: 'start' })) return page
  throw new Error(`Expected a page of ${service}, got none.`)
}

it('feeds what lies in an outbox, and what comes after', async () => {
  await pool.query(await blocks('feed-from-an-outbox.md', 'sql'))
  const url = `${await run('feed-from-an-outbox.md')}/events`
  const insert = 'insert into shop.outbox (order_id, kind, payload) values ($1, $2, $3)'
  await pool.query(insert, ['o2', 'OrderPlaced', '{"orderId":"o2","amountMinor":900}'])
  await pool.query(insert, ['o2', 'OrderChecked', '{"by":"eve"}'])
  await program.outbox!.caughtUp()
  const page = await firstPage(url, 'shop')
  expect(page).toMatchObject({ from: 1, to: 3 })
  expect(page.events.map(({ stream, data }) => [stream, data])).toEqual([
    ['order-o1', { orderId: 'o1', amountMinor: 1250 }],
    ['order-o2', { orderId: 'o2', amountMinor: 900 }],
  ])
  expect(await conform(url)).toMatchObject({ conforms: true })
})

it('lets an Express service keep and publish what happens, beside what it was', async () => {
  const url = await run('add-to-an-existing-service.md')
  const post = async (path: string, body: unknown) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const answer = await fetch(url + path, init)
    return [answer.status, await answer.json()]
  }
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ ok: true })
  expect(await post('/shelves/a1/reserve', { by: 'ada', boxes: 4 })).toEqual([200, { reserved: 4 }])
  expect(await post('/shelves/a1/reserve', { by: 'bob', boxes: 7 })).toMatchObject([409, { code: 'full' }])
  expect(await post('/shelves/a1/release', { boxes: 1 })).toEqual([200, { reserved: 3 }])
  expect(await post('/labels/a1', { by: 'cleo', boxes: 2 })).toMatchObject([200, { kind: 'done' }])
  expect(await post('/labels/a1', { by: 'dan', boxes: 9 })).toMatchObject([409, { code: 'full' }])
  expect(await post('/shelves/a1/reserve', { by: 'eve' })).toMatchObject([
    422,
    { detail: expect.stringContaining('boxes') },
  ])
  expect(await (await fetch(`${url}/shelves/a1`)).json()).toEqual({ reserved: 5 })
  expect((await pool.query('select printed_for from label')).rows).toEqual([{ printed_for: 'cleo' }])
  const { events } = await firstPage(`${url}/shelves-events`, 'shelves')
  expect(events.map(({ type }) => type)).toEqual(['SpaceReserved', 'SpaceReleased', 'SpaceReserved'])
})
