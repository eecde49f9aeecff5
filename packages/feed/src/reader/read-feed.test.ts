import { contractOf, events } from '@headwater/contract'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { z } from 'zod'
import { type Cursor, feed, type FeedPage, findCursor, memoryLog, readFeed, type ReadFeedOptions } from '../index.ts'

const contract = contractOf(
  events('pots', {
    Saved: { data: z.any(), level: 'published' },
    Closed: { data: z.any(), level: 'published' },
    Hidden: { data: z.any() },
  }),
)
const caller = { subject: 'reader', scopes: ['events:read', 'explore'] }
const entry = 'http://bank/'
const event = (type: string, n: number) => ({ type, id: `e${n}`, data: `{"n":${n}}` })

/** A landscape of one service, without a socket; `meddle` may spoil answers. */
function landscape(
  meddle: (path: string, answer: () => Promise<Response>) => Promise<Response> = (_, answer) => answer(),
) {
  const log = memoryLog('pots')
  let base = '/pots'
  const serving = () => ({
    [`${base}/events`]: feed({ log, contract, basePath: `${base}/events`, onError: console.error }),
    [`${base}/log`]: feed({ log, contract, view: 'log', basePath: `${base}/log` }),
  })
  let feeds = serving()
  const asked: string[] = []
  const fetch = (input: string, init?: RequestInit) => {
    const { pathname, search } = new URL(input)
    asked.push(pathname + search)
    const answer = async () => {
      if (pathname === '/')
        return Response.json({
          _links: {
            service: [
              { name: 'other', href: '/other/' },
              { name: 'pots', href: `${base}/` },
            ],
          },
        })
      if (pathname === `${base}/`)
        return Response.json({ _links: { events: { href: 'events' }, log: { href: `${base}/log` } } })
      const mount = Object.keys(feeds).find((path) => pathname.startsWith(path))
      return mount === undefined
        ? Response.json({}, { status: 404 })
        : feeds[mount]!(new Request(input, init), { caller })
    }
    return meddle(pathname, answer)
  }
  const move = (to: string) => {
    base = to
    feeds = serving()
  }
  return { log, fetch, asked, move }
}

/** Reads until `until` says so. */
async function read(
  options: ReadFeedOptions,
  until: (page: FeedPage, all: FeedPage[]) => boolean,
): Promise<FeedPage[]> {
  const pages: FeedPage[] = []
  for await (const page of readFeed(entry, { service: 'pots', random: () => 0, ...options })) {
    pages.push(page)
    if (until(page, pages)) break
  }
  return pages
}
const atEnd = (page: FeedPage) => page.atEnd
const positions = (pages: FeedPage[]) => pages.flatMap(({ events }) => events.map(({ position }) => position))

it('finds the feed from the entry URL and gives events as served, data parsed when asked', async () => {
  const { log, fetch, asked } = landscape()
  log.append({ type: 'Saved', id: 'e1', stream: 'pot-1', data: '{"n":12.50}' }, event('Hidden', 2), event('Saved', 3))
  const [page] = await read({ fetch, after: 'start' }, atEnd)
  expect(page).toMatchObject({ from: 1, to: 3, atEnd: true, cursor: { position: 3, id: 'e3', log: page!.log } })
  expect(page!.events[0]).toMatchObject({
    position: 1,
    id: 'e1',
    type: 'Saved',
    stream: 'pot-1',
    streamVersion: 1,
    schemaVersion: 1,
    data: { n: 12.5 },
  })
  expect(page!.events[0]!.text).toContain('"data":{"n":12.50}')
  expect(JSON.parse(JSON.stringify({ ...page!.events[1] })).data).toEqual({ n: 3 })
  expect(asked.map((path) => path.split('?')[0])).toEqual(['/', '/pots/', '/pots/events'])
})

it('goes on from a cursor, from the end, and shows only the types asked for', async () => {
  const { log, fetch } = landscape()
  log.append(event('Saved', 1), event('Closed', 2), event('Saved', 3))
  const [first] = await read({ fetch, after: 'start' }, atEnd)
  log.append(event('Closed', 4), event('Saved', 5))
  const seen = await read({ fetch, after: first!.cursor, types: ['Saved'] }, atEnd)
  expect(positions(seen)).toEqual([5])
  const { waitFor } = log
  vi.spyOn(log, 'waitFor').mockImplementationOnce(async (...waiting) => {
    const woken = waitFor(...waiting)
    log.append(event('Saved', 6)) // as soon as the reader waits at the end
    return await woken
  })
  const later = await read({ fetch, after: 'end' }, (_, pages) => positions(pages).length > 0)
  expect(positions(later)).toEqual([6])
})

it('reads the log view, from a home, and from the feed itself', async () => {
  const { log, fetch } = landscape()
  log.append(event('Saved', 1), event('Hidden', 2))
  for (const [url, view] of [
    [entry, 'log'],
    ['http://bank/pots/', 'log'],
    ['http://bank/pots/log', 'log'],
  ] as const) {
    for await (const page of readFeed(url, { service: 'pots', view, fetch, after: 'start' })) {
      expect(positions([page])).toEqual([1, 2])
      break
    }
  }
})

it('says what is wrong with an entry URL', async () => {
  const { fetch } = landscape()
  await expect(readFeed(entry, { service: 'nobody', fetch, after: 'start' }).next()).rejects.toMatchObject({
    code: 'HW_FEED_NOT_FOUND',
    message: expect.stringMatching(/nobody.*other, pots/),
  })
})

it('throws on a fork, with the cursor to go on from', async () => {
  const { log, fetch, move } = landscape()
  log.append(event('Saved', 1), event('Saved', 2), event('Saved', 3))
  const [page] = await read({ fetch, after: 'start' }, atEnd)
  move('/pots') // restoring a backup ends all connections: the service starts anew
  log.fork(1)
  log.append({ ...event('Saved', 2), id: 'x2' })
  const refused = await readFeed(entry, { service: 'pots', fetch, after: page!.cursor })
    .next()
    .catch((error: unknown) => error)
  const [now] = await log.lineage()
  expect(refused).toMatchObject({ code: 'HW_LOG_FORKED', fork: { log: now!.log, position: 1, id: 'e1' } })
  const fork = (refused as { fork: Cursor }).fork
  expect(positions(await read({ fetch, after: fork }, atEnd))).toEqual([2])
  await expect(
    readFeed(entry, { service: 'pots', fetch, after: { ...page!.cursor, log: 'stranger' } }).next(),
  ).rejects.toMatchObject({
    code: 'HW_LOG_FORKED',
    permanent: true,
  })
})

it('finds a moved service again', async () => {
  const { log, fetch, move } = landscape()
  log.append(event('Saved', 1))
  const troubles: string[] = []
  const reading = readFeed(entry, {
    service: 'pots',
    fetch,
    after: 'start',
    random: () => 0,
    onRetry: ({ failure }) => troubles.push(failure.code),
  })
  await reading.next()
  move('/elsewhere')
  log.append(event('Saved', 2))
  expect(positions([(await reading.next()).value as FeedPage])).toEqual([2])
  expect(troubles).toEqual(['HW_FEED_HTTP_404'])
  await reading.return(undefined)
})

it('waits out what passes, says so, and takes nothing else for an empty feed', async () => {
  const spoiled: (() => Response | Promise<Response>)[] = [
    () => Response.json({}, { status: 500 }),
    () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    () => new Response('{"specversion', { headers: { 'content-type': 'application/x-ndjson' } }),
    () => new Response('', { headers: { 'content-type': 'application/x-ndjson' } }),
    () => new Response('{"events":[]}', { headers: { 'content-type': 'application/json' } }),
    () => new Response(new Uint8Array([123, 255, 10]), { headers: { 'content-type': 'application/x-ndjson' } }),
    () => Response.json({ code: 'HW_RATE_LIMITED' }, { status: 429, headers: { 'retry-after': '0' } }),
    () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })),
  ]
  const { log, fetch } = landscape((path, answer) => {
    const spoil = path === '/pots/events' ? spoiled.shift() : undefined
    return spoil === undefined ? answer() : Promise.resolve(spoil())
  })
  log.append(event('Saved', 1))
  const troubles: string[] = []
  const pages = await read(
    { fetch, after: 'start', onRetry: ({ failure, attempt }) => troubles.push(`${attempt} ${failure.code}`) },
    atEnd,
  )
  expect(positions(pages)).toEqual([1])
  expect(troubles).toHaveLength(8)
  expect(troubles.join()).toMatch(/HTTP_500.*UNREADABLE.*RATE_LIMITED.*UNREACHABLE/)
})

it('refuses ranges that do not join', async () => {
  const range = (from: number, to: number) =>
    `{"range":{"log":"l","from":${from},"to":${to},"count":0,"cursor":"${to}.x","atEnd":false}}\n`
  const { fetch } = landscape(async (path, answer) =>
    path === '/pots/events'
      ? new Response(range(1, 5) + range(7, 9), { headers: { 'content-type': 'application/x-ndjson' } })
      : answer(),
  )
  const reading = readFeed(entry, { service: 'pots', fetch, after: 'start' })
  await reading.next()
  await expect(reading.next()).rejects.toMatchObject({ code: 'HW_FEED_GAP', permanent: true })
})

it('ends quietly when told to, also while it waits', async () => {
  const { log, fetch } = landscape()
  log.append(event('Saved', 1))
  const stop = new AbortController()
  const reading = readFeed(entry, { service: 'pots', fetch, after: 'start', signal: stop.signal })
  await reading.next()
  const waiting = reading.next()
  stop.abort()
  expect((await waiting).done).toBe(true)
})

it('finds the cursor of a time', async () => {
  let now = new Date('2027-01-01T00:00:00Z')
  const log = memoryLog('pots', () => now)
  const serve = feed({ log, contract, open: true })
  const fetch = (input: string, init?: RequestInit) => serve(new Request(input, init))
  log.append(event('Saved', 1), event('Hidden', 2))
  now = new Date('2027-01-02T00:00:00Z')
  log.append(event('Saved', 3))
  const find = (before: string) => findCursor('http://bank/events', { fetch, before })
  expect(await find('2027-01-01T12:00:00Z')).toMatchObject({ position: 2, id: 'e2' })
  expect(await find('2026-01-01T00:00:00Z')).toMatchObject({ position: 0, id: '' })
  expect(await find('end')).toMatchObject({ position: 3, id: 'e3' })
})

it('sees every event its view allows once and in order, whatever the network does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('Saved', 'Closed', 'Hidden'), { maxLength: 60 }),
      fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 6 }),
      fc.constantFrom('application/x-ndjson', 'application/hal+json'),
      fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
      async (types, cuts, accept, limit) => {
        const { log, fetch } = landscape(async (path, answer) => {
          const response = await answer()
          const cut = path === '/pots/events' ? cuts.pop() : undefined
          return cut === undefined
            ? response
            : new Response((await response.bytes()).slice(0, cut), { headers: response.headers })
        })
        log.append(...types.map((type, index) => event(type, index + 1)))
        const limited = (input: string, init?: RequestInit) =>
          fetch(limit === undefined || input.includes('limit=') ? input : `${input}&limit=${limit}`, {
            ...init,
            headers: { accept },
          })
        const pages = await read({ fetch: limited, after: 'start', waitSeconds: 0 }, ({ to }) => to === types.length)
        expect(positions(pages)).toEqual(types.flatMap((type, index) => (type === 'Hidden' ? [] : [index + 1])))
        expect(pages.map(({ from, to }) => to - from + 1).reduce((sum, size) => sum + size, 0)).toBe(types.length)
      },
    ),
    { numRuns: 150 },
  )
})
