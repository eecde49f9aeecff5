import { readFileSync } from 'node:fs'
import { contractOf, events } from '@headwater/contract'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Cursor, feed, FeedFailure, type FeedPage, LogForked, memoryLog, readFeed } from './index.ts'

const spec = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../spec/cases/${name}.json`, import.meta.url), 'utf8'))
const dataOf = (text: string) => text.slice(text.indexOf(',"data":') + ',"data":'.length, -1)

interface ReaderCase {
  name: string
  after: 'start' | Cursor
  answers: { status: number; type: string; headers?: Record<string, string>; body: string }[]
  events: { position: number; id: string; data: string }[]
  asked?: string[]
  throws?: { code?: string; fork?: Cursor }
}

function outcomeOf(thrown: unknown): ReaderCase['throws'] {
  if (thrown instanceof LogForked) return { fork: thrown.fork }
  if (thrown instanceof FeedFailure) return { code: thrown.code === 'HW_FEED_GAP' ? 'gap' : thrown.code }
  return thrown as undefined
}

describe('a reader', () => {
  it.each<ReaderCase>(spec('reader').cases)('$name', async ({ after, answers, events: expected, asked, throws }) => {
    const stop = new AbortController()
    const requests: string[] = []
    const fetch = (input: string) => {
      const url = new URL(input)
      if (url.pathname === '/') return Promise.resolve(Response.json({ _links: { events: { href: '/events' } } }))
      requests.push(url.searchParams.get('after')!)
      const answer = answers.shift()
      if (answer === undefined) {
        stop.abort()
        return Promise.reject(new Error('ended'))
      }
      const headers = { 'content-type': answer.type, ...answer.headers }
      return Promise.resolve(new Response(answer.body, { status: answer.status, headers }))
    }
    const pages: FeedPage[] = []
    const read = async () => {
      for await (const page of readFeed('http://bank/', { fetch, after, signal: stop.signal, random: () => 0 }))
        pages.push(page)
    }
    const thrown = await read().then(
      () => undefined,
      (error: unknown) => error,
    )
    const seen = pages.flatMap((page) =>
      page.events.map(({ position, id, text }) => ({ position, id, data: dataOf(text) })),
    )
    expect(seen).toEqual(expected)
    expect(requests).toEqual(asked ?? requests)
    expect(outcomeOf(thrown)).toEqual(throws)
  })
})

describe('a feed', () => {
  const { service, published, internal, log: rows, requests } = spec('pages')
  const contract = contractOf(
    events(
      service,
      Object.fromEntries([
        ...published.map((type: string) => [type, { data: z.any(), level: 'published' }]),
        ...internal.map((type: string) => [type, { data: z.any() }]),
      ]),
    ),
  )
  const log = memoryLog(service)
  log.append(...rows)
  const serve = feed({ log, contract, open: true })

  it.each<any>(requests)('$name', async ({ query, from, to, atEnd, cursor, positions, previous }) => {
    const page = JSON.parse(await (await serve(new Request(`http://bank/events?${query}`))).text())
    expect(page).toMatchObject({ from, to, atEnd, cursor, count: positions.length })
    expect(page.events.map((event: any) => event.position)).toEqual(positions)
    expect(page.events.map((event: any) => event.previousposition)).toEqual(previous ?? positions.map(() => undefined))

    const lines = await serve(
      new Request(`http://bank/events?${query}`, { headers: { accept: 'application/x-ndjson' } }),
    )
    const all = (await lines.text()).trimEnd().split('\n')
    const ranges = all.filter((line) => line.startsWith('{"range":')).map((line) => JSON.parse(line).range)
    const shown = all.filter((line) => line.startsWith('{"specversion"'))
    expect([ranges[0].from, ranges.at(-1).to, ranges.at(-1).cursor]).toEqual([from, to, cursor])
    expect(ranges.at(-1).atEnd).toBe(atEnd)
    expect(shown.map((line) => JSON.parse(line).position)).toEqual(positions)
    for (const line of shown) expect(dataOf(line)).toBe(rows[JSON.parse(line).position - 1].data)
  })
})
