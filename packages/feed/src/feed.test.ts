import { contractOf, events } from '@headwater/contract'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { CloudEvent } from 'cloudevents'
import { expect, it, vi } from 'vitest'
import { z } from 'zod'
import { feed, type FeedOptions, memoryLog } from './index.ts'

const any = z.any()
const contract = contractOf(
  events('pots', {
    Saved: { data: any, level: 'published' },
    PotClosed: { data: any },
    Renamed: { data: any, level: 'experimental', readers: ['mailer'], until: '2027-02-01' },
  }),
)
const reader = { subject: 'reader', scopes: ['events:read'] }
const explorer = { subject: 'explorer', scopes: ['explore'] }

function potsFeed(options: Partial<FeedOptions> = {}) {
  const log = memoryLog('pots', options.now)
  const serve = feed({
    log,
    contract,
    basePath: '/pots/events',
    homePath: '/pots/',
    onError: console.error,
    ...options,
  })
  const get = (path: string, headers: Record<string, string> = {}, caller: typeof reader | undefined = reader) =>
    serve(new Request(new URL(path, 'http://bank/'), { headers }), { caller })
  const page = async (path: string, caller?: typeof reader) => {
    const response = await get(path, {}, caller)
    return { status: response.status, ...((await response.json()) as any) }
  }
  return { log, get, page, serve }
}

const saved = (n: number) => ({ type: 'Saved', data: `{"n":${n}}`, id: `e${n}` })
const closed = (n: number) => ({ type: 'PotClosed', data: `{"n":${n}}`, id: `e${n}` })
const many = (count: number) => Array.from({ length: count }, (_, index) => saved(index + 1))

it('shows what is published, and says which positions it speaks for', async () => {
  const { log, page } = potsFeed()
  log.append(saved(1), closed(2), saved(3), closed(4))
  const { events, ...rest } = await page('/pots/events')
  expect(rest).toMatchObject({
    status: 200,
    service: 'pots',
    view: 'published',
    from: 1,
    to: 4,
    count: 2,
    atEnd: true,
    cursor: '4.e4',
  })
  expect(events.map((event: any) => [event.position, event.previousposition, event.type])).toEqual([
    [1, 0, 'Saved'],
    [3, 1, 'Saved'],
  ])
  expect(rest._links.next.href).toBe('/pots/events?after=4.e4')
  expect(await page('/pots/events?after=4.e4')).toMatchObject({
    from: 5,
    to: 4,
    count: 0,
    atEnd: true,
    cursor: '4.e4',
    events: [],
  })
})

it('shows everything in the log view, to those with the right to explore', async () => {
  const { log, page } = potsFeed({ view: 'log', basePath: '/pots/log' })
  log.append(saved(1), closed(2), { type: 'RequestReceived', data: '{}' })
  expect((await page('/pots/log', explorer)).events.map((event: any) => event.previousposition)).toEqual([0, 1, 2])
  expect(await page('/pots/log')).toMatchObject({ status: 403, code: 'HW_FORBIDDEN', scope: 'explore' })
  const { serve } = potsFeed()
  expect((await serve(new Request('http://bank/pots/events'))).status).toBe(401)
})

it('writes an event byte for byte, the same in every face', async () => {
  const { log, get } = potsFeed()
  const data = '{"a":12.50,"b":1e400,"c":9223372036854775808,"a/b":1,"a":"\u{1F600}\\u0041",  "z":{}}'
  log.append({ type: 'Saved', id: '"odd"\\,"data":', stream: 'pot-",position":9,"streamversion":7', data })
  const lines = await (await get('/pots/events', { accept: 'application/x-ndjson' })).text()
  const [line = '', range = ''] = lines.split('\n')
  expect(line.endsWith(`,"data":${data}}`)).toBe(true)
  expect(Object.keys(JSON.parse(line))).toEqual(
    'specversion id source type subject time datacontenttype position previousposition streamversion schemaversion recordedtime correlationid causationid data'.split(
      ' ',
    ),
  )
  expect(JSON.parse(range)).toMatchObject({ range: { from: 1, to: 1, count: 1, atEnd: true } })
  for (const [path, accept] of [
    ['/pots/events', 'application/hal+json'],
    ['/pots/events', 'application/cloudevents-batch+json'],
    ['/pots/events', 'text/event-stream'],
    ['/pots/events/1', '*/*'],
  ] as const) {
    const response = await get(path, { accept })
    const bytes = accept === 'text/event-stream' ? await firstBytes(response) : await response.text()
    expect(bytes, accept).toContain(line)
  }
})

async function firstBytes(response: Response): Promise<string> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.includes('event: range')) break
  }
  return text
}

it('shows an experimental type to the readers it names, until its date', async () => {
  let now = new Date('2027-01-31T23:59:59Z')
  const { log, page } = potsFeed({ now: () => now })
  log.append(saved(1), { type: 'Renamed', data: '{}' })
  const mailer = { subject: 'mailer', scopes: ['events:read'] }
  expect((await page('/pots/events', mailer)).count).toBe(2)
  expect((await page('/pots/events')).count).toBe(1)
  expect(await page('/pots/events?type=Renamed')).toMatchObject({ status: 400, code: 'HW_TYPE_NOT_SHOWN' })
  now = new Date('2027-02-01T00:00:00Z')
  expect((await page('/pots/events', mailer)).count).toBe(1)
})

it('lets shared caches keep what anybody is shown, and nothing that only named readers are', async () => {
  const { log, get } = potsFeed({ open: true, now: () => new Date('2027-01-31T00:00:00Z') })
  log.append(...many(999), { type: 'Renamed', data: '{}' }, saved(1_001))
  const cachingFor = async (caller: typeof reader) => {
    const { _links } = (await (await get('/pots/events?after=start', {}, caller)).json()) as any
    return (await get(_links.page.href, {}, caller)).headers.get('cache-control')
  }
  expect(await cachingFor(reader)).toContain('public')
  expect(await cachingFor({ subject: 'mailer', scopes: ['events:read'] })).toContain('private')
})

it('answers with what it had time to look through, also where nothing of it is shown', async () => {
  const log = memoryLog('pots')
  log.append(...Array.from({ length: 50_000 }, (_, index) => closed(index + 1)))
  let copies = 0
  let leave = () => {}
  const copy: typeof log.copy = async function* (range) {
    copies += 1
    leave()
    yield* log.copy(range)
  }
  vi.spyOn(performance, 'now').mockImplementation(() => copies * 1_500)
  const { page, serve } = potsFeed({ log: { ...log, copy } })
  const first = await page('/pots/events?limit=10')
  expect(first).toMatchObject({ from: 1, count: 0, atEnd: false })
  expect(copies).toBe(2)
  expect(await page(first._links.next.href)).toMatchObject({ from: first.to + 1, count: 0 })
  const gone = new AbortController()
  leave = () => gone.abort()
  copies = 0
  const asked = new Request('http://bank/pots/events?limit=10&type=PotClosed', { signal: gone.signal })
  await serve(asked, { caller: explorer })
  await serve(new Request('http://bank/pots/events?limit=10', { signal: gone.signal }), { caller: reader })
  expect(copies).toBeLessThan(2)
  vi.restoreAllMocks()
})

it('refuses cursors that are not of this log, with the way on', async () => {
  const { log, page } = potsFeed()
  log.append(...many(10))
  expect(await page('/pots/events?after=5.other')).toMatchObject({ status: 409, code: 'HW_LOG_DIVERGED' })
  expect(await page('/pots/events?after=11.e11')).toMatchObject({ status: 409 })
  const first = (await page('/pots/events')).log
  log.fork(7)
  log.append({ ...saved(8), id: 'x8' }, { ...saved(9), id: 'x9' })
  const refused = await page('/pots/events?after=9.e9')
  expect(refused).toMatchObject({ status: 409, code: 'HW_LOG_FORKED', last: 9 })
  expect(refused.lineage[1]).toEqual({ log: first, cursor: '7.e7' })
  expect(await page('/pots/events?after=7.e7')).toMatchObject({ status: 200, from: 8, to: 9, count: 2 })
})

it('moves over hidden events within its bounds, and never loses one at an edge', async () => {
  const { log, page } = potsFeed()
  for (let n = 1; n <= 3_500; n++) log.append(n % 700 === 0 ? saved(n) : closed(n))
  const seen: number[] = []
  let next = '/pots/events?limit=2'
  let covered = 0
  for (;;) {
    const { from, to, events, atEnd, _links } = await page(next)
    expect(from).toBe(covered + 1)
    covered = to
    seen.push(...events.map((event: any) => event.position))
    if (atEnd) break
    next = _links.next.href
  }
  expect(covered).toBe(3_500)
  expect(seen).toEqual([700, 1400, 2100, 2800, 3500])
})

it('keeps full pages for ever under their edition', async () => {
  const { log, get, page } = potsFeed()
  log.append(...many(2_500))
  const first = await page('/pots/events')
  expect([first.from, first.to]).toEqual([1, 1_000])
  expect(first._links.next.href).toBe(`/pots/events/${first.edition}/1001-2000`)
  const second = await get(first._links.next.href)
  expect(second.headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
  const body = (await second.json()) as any
  expect(body.events[0]).toMatchObject({ position: 1_001, previousposition: 1_000 })
  expect((await get(first._links.next.href, { 'if-none-match': second.headers.get('etag')! })).status).toBe(304)
  const tail = await get(body._links.next.href)
  expect([tail.status, tail.headers.get('location')]).toEqual([307, '/pots/events?after=2000.e2000'])
  expect(await page(`/pots/events/${'0'.repeat(16)}/1-1000`)).toMatchObject({
    status: 410,
    code: 'HW_EDITION_GONE',
    edition: first.edition,
  })
  expect(await page(`/pots/events/${first.edition}/2-1001`)).toMatchObject({ status: 404 })
  expect(
    (await get('/pots/events?after=501.e501', { accept: 'application/json' })).headers.get('headwater-range'),
  ).toBe('502-1000')
})

it('makes pages smaller where events are large', async () => {
  const { log, get, page } = potsFeed()
  log.append(...many(1_000).map((event) => ({ ...event, data: `"${'x'.repeat(10_000)}"` })))
  const { edition, to } = await page('/pots/events')
  expect(to).toBeLessThan(1_000)
  const whole = await get(`/pots/events/${edition}/1-1000`)
  expect([whole.status, whole.headers.get('location')]).toEqual([307, `/pots/events/${edition}/1-100`])
  const small = await page(`/pots/events/${edition}/1-100`)
  expect(small).toMatchObject({ from: 1, to: 100, count: 100 })
  expect(small._links.next.href).toBe(`/pots/events/${edition}/101-200`)
})

it('answers a waiting reader as soon as there is something to show', async () => {
  const { log, page, get } = potsFeed()
  log.append(saved(1))
  const waiting = page('/pots/events?after=1.e1&wait=20')
  log.append(closed(2))
  log.append(saved(3))
  expect(await waiting).toMatchObject({ from: 2, to: 3, count: 1, atEnd: true })
  expect(await page('/pots/events?after=3.e3&wait=0.01')).toMatchObject({ from: 4, to: 3, atEnd: true })
  const lines = get('/pots/events?after=3.e3&wait=20', { accept: 'application/x-ndjson' })
  const text = (await lines).text()
  log.append(saved(4))
  expect((await text).split('\n')).toHaveLength(3)
})

it('asks what came meanwhile while it reads, not afterwards', async () => {
  const log = memoryLog('pots')
  let hear = () => {}
  let asked = Promise.resolve()
  const last = () => (hear(), log.last())
  const copy: typeof log.copy = async function* (range) {
    await asked
    yield* log.copy(range)
  }
  const { get } = potsFeed({ log: { ...log, last, copy } })
  log.append(saved(1))
  await get('/pots/events')
  const waiting = get('/pots/events?after=1.e1&wait=20', { accept: 'application/x-ndjson' })
  asked = new Promise((heard) => (hear = heard))
  log.append(saved(2))
  expect(await (await waiting).text()).toMatch(/"range":.*"to":2,.*"atEnd":true/)
})

it('tells its readers when the log was replaced under its feet', async () => {
  const { log, page } = potsFeed()
  log.append(...many(5))
  await page('/pots/events')
  log.fork(2)
  log.append({ ...saved(3), id: 'x3' })
  expect(await page('/pots/events?after=4.e4')).toMatchObject({ status: 409 })
})

it('serves http-feeds readers', async () => {
  const { log, get } = potsFeed()
  log.append(saved(1), saved(2), closed(3))
  const accept = { accept: 'application/cloudevents-batch+json' }
  const batch = await get('/pots/events?lastEventId=e1', accept)
  expect(batch.headers.get('content-type')).toBe('application/cloudevents-batch+json')
  expect(((await batch.json()) as any[]).map(({ id }) => id)).toEqual(['e2'])
  expect(await (await get('/pots/events?lastEventId=e2&timeout=1', accept)).text()).toBe('[]')
  expect((await get('/pots/events?lastEventId=nobody', accept)).status).toBe(409)
})

it('leads http-feeds readers, who know ids alone, past hidden events wherever pages end', async () => {
  const { log, get } = potsFeed({ open: true })
  const isShown = (n: number) => n % 3 !== 0 && n <= 4_050
  const numbers = Array.from({ length: 4_100 }, (_, index) => index + 1)
  log.append(...numbers.map((n) => (isShown(n) ? saved(n) : closed(n))))
  const read: string[] = []
  // As they ask: no Accept, and an empty id at first.
  for (let id = ''; ;) {
    const events = (await (await get(`/pots/events?lastEventId=${id}`)).json()) as { id: string }[]
    if (events.length === 0) break
    read.push(...events.map((event) => event.id))
    id = read.at(-1)!
  }
  expect(read).toEqual(numbers.filter(isShown).map((n) => `e${n}`))
})

it('is a page for people, without scripts, that escapes what events say', async () => {
  const { log, get } = potsFeed()
  log.append({ type: 'Saved', data: '{"note":"<script>alert(1)</script>","a":12.50}' })
  const response = await get('/pots/events?type=Saved', { accept: 'text/html' })
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  const text = await response.text()
  expect(text).not.toContain('<script')
  expect(text).toContain('12.50')
  expect(text).toContain('href="/pots/events/1"')
  expect(text).toMatch(/rel="next" href="\/pots\/events\?after=1\.[^"]*&amp;type=Saved"/)
})

it('limits how often a client may ask', async () => {
  const { get } = potsFeed({ rate: { perSecond: 1, burst: 2 } })
  const mailer = { subject: 'mailer', scopes: ['events:read'] }
  expect((await get('/pots/events')).status).toBe(200)
  expect((await get('/pots/events')).status).toBe(200)
  const refused = await get('/pots/events')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect((await get('/pots/events', {}, mailer)).status).toBe(200)
})

it('bounds the requests that are held open, of one client and in all, and counts those that ended no more', async () => {
  const { log, get } = potsFeed({ waits: { perClient: 2, inAll: 3 } })
  const mailer = { subject: 'mailer', scopes: ['events:read'] }
  const waiting = [get('/pots/events?wait=30'), get('/pots/events?wait=30')]
  const refused = await get('/pots/events?wait=30')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5'])
  expect((await get('/pots/events')).status).toBe(200)
  const live = await get('/pots/events', { accept: 'text/event-stream' }, mailer)
  expect((await get('/pots/events', { accept: 'application/x-ndjson' }, mailer)).status).toBe(429)
  log.append(saved(1))
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
  await live.body!.cancel()
  const lines = () => get('/pots/events', { accept: 'application/x-ndjson' }, mailer)
  for (let time = 0; time < 5; time++) expect((await (await lines()).text()).split('\n')).toHaveLength(3)
})

it('says of deprecated types since when they are and when they go, in every face that shows them', async () => {
  const retired = contractOf(
    events('pots', {
      Saved: { data: any, level: 'published' },
      Moved: { data: any, level: 'deprecated', until: '2027-03-01' },
      Tipped: { data: any, level: 'deprecated', until: '2027-02-01' },
    }),
  )
  const deprecatedSince = { Moved: '2026-11-01T00:00:00Z', Tipped: '2026-12-01T00:00:00Z' }
  const { log, get } = potsFeed({ contract: retired, deprecatedSince })
  log.append(...many(10))
  const said = ({ headers }: Response) => [headers.get('deprecation'), headers.get('sunset')]
  const both = ['@1793491200', 'Mon, 01 Feb 2027 00:00:00 GMT']
  for (const accept of ['application/json', 'text/html', 'application/x-ndjson', 'application/cloudevents-batch+json'])
    expect(said(await get('/pots/events', { accept }))).toEqual(both)
  const { edition } = JSON.parse(await (await get('/pots/events')).text())
  expect(said(await get(`/pots/events/${edition}/1-10`))).toEqual(both)
  expect(said(await get('/pots/events?type=Moved'))).toEqual(['@1793491200', 'Mon, 01 Mar 2027 00:00:00 GMT'])
  expect(said(await get('/pots/events?type=Saved'))).toEqual([null, null])
})

it('compresses for those who ask, and lines as they come', async () => {
  const { log, get } = potsFeed()
  log.append(...many(1_000))
  const plain = await (await get('/pots/events', { accept: 'application/x-ndjson' })).text()
  const zipped = await get('/pots/events', { accept: 'application/x-ndjson', 'accept-encoding': 'gzip' })
  const bytes = await zipped.bytes()
  expect(bytes.length).toBeLessThan(plain.length / 4)
  expect(gunzipSync(bytes).toString()).toBe(plain)
  const { edition } = JSON.parse(await (await get('/pots/events')).text())
  const path = `/pots/events/${edition}/1-1000`
  const br = await get(path, { 'accept-encoding': 'br, gzip' })
  expect(br.headers.get('content-encoding')).toBe('br')
  expect(brotliDecompressSync(await br.bytes()).toString()).toBe(await (await get(path)).text())
})

it('refuses what it cannot do, with a problem document', async () => {
  const { log, page, get, serve } = potsFeed()
  log.append(saved(1))
  const codeOf = async (path: string) => (await page(path)).code
  expect(await codeOf('/pots/events?after=x')).toBe('HW_CURSOR_MALFORMED')
  expect(await codeOf('/pots/events?limit=-1')).toBe('HW_PARAMETER_INVALID')
  expect(await codeOf('/pots/events?since=yesterday')).toBe('HW_PARAMETER_INVALID')
  expect(await codeOf('/pots/events?type=PotClosed')).toBe('HW_TYPE_NOT_SHOWN')
  expect(await codeOf('/pots/events/2')).toBe('HW_NO_SUCH_EVENT')
  expect(await codeOf('/pots/events/x/y/z')).toBe('HW_NO_SUCH_PAGE')
  expect((await get('/pots/events', { accept: 'image/png' })).status).toBe(406)
  const post = await serve(new Request('http://bank/pots/events', { method: 'POST' }), { caller: reader })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

it('gives CloudEvents that the official SDK accepts', async () => {
  const { log, page } = potsFeed()
  log.append({ ...saved(1), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, saved(2))
  for (const event of (await page('/pots/events')).events) expect(new CloudEvent(event).validate()).toBe(true)
})
