import { contractOf, events } from '@headwater/contract'
import { JsonText, type LogRow, migrate, openStore } from '@headwater/event-store'
import { throwAwayDatabase } from '@headwater/testing'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { feed, type FeedPage, lineOf, readFeed } from './index.ts'

const meta = { correlationId: 'c', causationId: 'c' }
const contract = contractOf(events('pots', { Saved: { data: z.any(), level: 'published' }, Hidden: { data: z.any() } }))

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let count = 0

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 8 })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

async function store() {
  const schema = `feed_${++count}`
  await migrate(pool, { schema })
  return openStore({ pool, service: 'pots', schema })
}

it('writes the same bytes whether the database or we write the line', async () => {
  const { log, append } = bound(await store())
  const odd = [
    '{"a":12.50,"b":1e400,"a":-0.0,"a/b":18446744073709551616,"\\ud83d\\ude00":"😀é\\\\ \\"q\\"\\u2028"}',
    '\t[ 1 , 2 ]',
    '"x"',
    'null',
  ]
  for (const data of odd) {
    await append({
      streams: [
        {
          stream: 'pot-é😀,',
          events: [{ type: 'Saved', data: new JsonText(data), occurredAt: '2026-01-31T12:00:00.1Z' }],
        },
      ],
      meta,
    })
  }
  await append({
    streams: [{ stream: 'pot-1', events: [{ type: 'Saved', data: {} }] }],
    meta: { ...meta, traceparent: '00-a-b-01' },
  })
  const rows = (await log.rows({ after: 0, limit: 100 })) as LogRow[]
  expect(rows.map(({ data }) => data).slice(0, odd.length)).toEqual(odd)
  let text = ''
  for await (const chunk of log.copy({ after: 0, upTo: rows.length })) text += chunk.toString()
  expect(text).toBe(rows.map((row) => `${lineOf('pots', row)}\n`).join(''))
})

it('keeps an event on one line, whatever white space its data has', async () => {
  const { log, append } = bound(await store())
  await append({
    streams: [{ stream: 'pot-1', events: [{ type: 'Saved', data: new JsonText('{\n  "a": 1,\r\n  "b": "\\n"\n}') }] }],
    meta,
  })
  const serve = feed({ log, contract, open: true })
  const page = await firstPage(serve)
  expect(page.events[0]!.data).toEqual({ a: 1, b: '\n' })
})

it('gives every reader all of it, once and in order, while writers write', async () => {
  const { log, append, close } = bound(await store())
  const serve = feed({ log, contract, open: true })
  const total = 600
  const writing = Array.from({ length: 6 }, async (_, writer) => {
    for (let n = 0; n < total / 6; n++) {
      const type = (n + writer) % 3 === 0 ? 'Hidden' : 'Saved'
      await append({ streams: [{ stream: `pot-${writer}`, events: [{ type, data: { n } }] }], meta })
    }
  })
  const readers = [1, 3, 5].map(async (limit) => {
    const fetch = (input: string, init?: RequestInit) => serve(new Request(`${input}&limit=${limit * 7}`, init))
    return readAll(fetch, total)
  })
  const [pages] = await Promise.all([Promise.all(readers), ...writing])
  const rows = (await log.rows({ after: 0, limit: total })) as LogRow[]
  const expected = rows.filter(({ type }) => type === 'Saved').map(({ position, id }) => `${position} ${id}`)
  for (const read of pages) {
    expect(read.flatMap(({ events }) => events.map(({ position, id }) => `${position} ${id}`))).toEqual(expected)
  }
  await close()
})

it('covers any range by any bound exactly', async () => {
  const { log, append } = bound(await store())
  const types = Array.from({ length: 300 }, (_, n) => (n % 7 < 3 ? 'Hidden' : 'Saved'))
  await append({
    streams: [{ stream: 'pot-1', events: types.map((type) => ({ type, data: { text: 'x'.repeat(50) } })) }],
    meta,
  })
  const serve = feed({ log, contract, open: true })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 200 }), async (after, limit) => {
      const page = JSON.parse(
        await (await serve(new Request(`http://bank/events?after=${after}&limit=${limit}`))).text(),
      )
      const inside = types
        .map((type, index) => [type, index + 1] as const)
        .filter(([type, at]) => type === 'Saved' && at > after && at <= page.to)
      expect(page.from).toBe(after + 1)
      expect(page.events.map((event: any) => event.position)).toEqual(inside.map(([, at]) => at))
      expect(page.count === limit || page.to === 300).toBe(true)
    }),
    { numRuns: 60 },
  )
})

function bound(opened: Awaited<ReturnType<typeof store>>) {
  return { log: opened.log, append: opened.append.bind(opened), close: () => opened.close() }
}

async function firstPage(serve: ReturnType<typeof feed>): Promise<FeedPage> {
  const fetch = (input: string, init?: RequestInit) => serve(new Request(input, init))
  for await (const page of readFeed('http://bank/events', { fetch, after: 'start' })) return page
  throw new Error('no page')
}

async function readAll(
  fetch: (input: string, init?: RequestInit) => Promise<Response>,
  to: number,
): Promise<FeedPage[]> {
  const pages: FeedPage[] = []
  for await (const page of readFeed('http://bank/events', { fetch, after: 'start', random: () => 0 })) {
    pages.push(page)
    if (page.to >= to) break
  }
  return pages
}
