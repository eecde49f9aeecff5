import type { FeedEvent } from '../reader/feed-event.ts'
import type { FeedPage } from '../reader/page-parts.ts'
import type { Requirement } from './cases.ts'
import { Deviation, expectEqual, expectOk, type Visit } from './visit.ts'

/** Events looked at; a long feed is judged by its beginning. */
const mostSeen = 5_000

/** A rule over several answers. */
export interface Walk {
  readonly name: string
  readonly level: Requirement
  /** Throws `Deviation`; answers why it could not be tried. */
  try(visit: Visit): Promise<string | void>
}

const attributes =
  'specversion id source type subject time datacontenttype position previousposition streamversion schemaversion recordedtime correlationid causationid traceparent partitionkey data'.split(
    ' ',
  )

export const walks: readonly Walk[] = [
  { name: 'writes envelopes in the order of attributes', level: 'must', try: envelopes },
  { name: 'gives ranges that join, in small pages as in large ones', level: 'must', try: join },
  { name: 'names the event shown before each', level: 'must', try: chain },
  { name: 'gives the same bytes in lines', level: 'should', try: sameLines },
  { name: 'gives the same bytes in a batch', level: 'should', try: sameBatch },
  { name: 'gives the same bytes for one event', level: 'must', try: sameEvent },
  { name: 'filters by type, and says what it passed over', level: 'must', try: filters },
  { name: 'filters by time', level: 'must', try: times },
  { name: 'waits at its end, and then answers', level: 'must', try: waits },
  { name: 'goes on behind an http-feeds cursor', level: 'should', try: lastEventId },
  { name: 'always has a next, and links home', level: 'must', try: links },
  { name: 'knows its bounded answers again (304)', level: 'must', try: notModified },
  { name: 'keeps full pages for ever', level: 'may', try: aligned },
]

const textsOf = (pages: readonly FeedPage[]) => pages.flatMap(({ events }) => events.map(({ text }) => text))

async function all(visit: Visit, query: string, most = mostSeen): Promise<FeedPage[]> {
  const pages: FeedPage[] = []
  let after = 'start'
  let seen = 0
  do {
    const page = await visit.page(`after=${after}${query}`)
    const expected = (pages.at(-1)?.to ?? 0) + 1
    expectEqual(`from of the range after ${after}`, page.from, expected)
    if (page.to < page.from && !page.atEnd) throw new Deviation(`expected progress after ${after}, got an empty range`)
    pages.push(page)
    seen += page.events.length
    after = page.to === 0 ? '0' : `${page.to}.${page.cursor.id}`
  } while (!pages.at(-1)!.atEnd && seen < most && pages.length < 200)
  return pages
}

async function envelopes(visit: Visit): Promise<string | void> {
  const { events } = await visit.page('limit=100')
  if (events.length === 0) return 'the feed shows no event'
  for (const { text } of events) {
    const names = Object.keys(JSON.parse(text) as object)
    const known = names.filter((name) => attributes.includes(name))
    expectEqual(
      'the attributes',
      known,
      attributes.filter((name) => names.includes(name)),
    )
    for (const name of attributes) {
      const optional = ['previousposition', 'traceparent', 'partitionkey'].includes(name)
      if (!optional && !names.includes(name)) throw new Deviation(`expected the attribute ${name} in ${text}`)
    }
  }
}

async function join(visit: Visit): Promise<void> {
  const large = textsOf(await all(visit, '&limit=1000'))
  const small = textsOf(await all(visit, '&limit=3', 200))
  expectEqual('events in small pages', small.slice(0, large.length), large.slice(0, small.length))
}

async function chain(visit: Visit): Promise<string | void> {
  const events = (await all(visit, '')).flatMap((page) => page.events)
  if (events.length === 0) return 'the feed shows no event'
  let last = 0
  for (const { position, previousPosition } of events) {
    expectEqual(`previousposition at ${position}`, previousPosition, last)
    last = position
  }
}

async function sameLines(visit: Visit): Promise<void> {
  const lines = textsOf(await visit.lines('limit=100'))
  expectEqual('lines', lines, textsOf(await all(visit, '&limit=100', 100)).slice(0, lines.length))
}

async function sameBatch(visit: Visit): Promise<void> {
  const accept = 'application/cloudevents-batch+json'
  const batch = await (await expectOk(await visit.get('limit=50', { accept }), accept)).text()
  for (const { text } of (await visit.page('limit=50')).events) {
    if (!batch.includes(text)) throw new Deviation(`expected the batch to hold ${text}`)
  }
}

async function sameEvent(visit: Visit): Promise<string | void> {
  const [event] = (await visit.page('limit=1')).events
  if (event === undefined) return 'the feed shows no event'
  const accept = 'application/cloudevents+json'
  const response = await visit.get('', { path: `/${event.position}`, accept })
  expectEqual('the event', (await (await expectOk(response, accept)).text()).trim(), event.text)
}

async function filters(visit: Visit): Promise<string | void> {
  const whole = (await all(visit, '&limit=1000')).flatMap((page) => page.events)
  const type = whole[0]?.type
  if (type === undefined) return 'the feed shows no event'
  const filtered = (await all(visit, `&limit=1000&type=${type}`)).flatMap((page) => page.events)
  const until = Math.min(whole.at(-1)!.position, filtered.at(-1)?.position ?? 0)
  const positions = (events: FeedEvent[]) =>
    events.filter(({ position }) => position <= until).map(({ position }) => position)
  expectEqual(`positions of ${type}`, positions(filtered), positions(whole.filter((event) => event.type === type)))
  if (filtered.some(({ previousPosition }) => previousPosition !== undefined)) {
    throw new Deviation('expected no previousposition where types are filtered')
  }
}

async function times(visit: Visit): Promise<string | void> {
  const events = (await visit.page('limit=100')).events
  const last = events.at(-1)
  if (last === undefined) return 'the feed shows no event'
  const time = encodeURIComponent(last.recordedAt)
  const since = await visit.page(`since=${time}&limit=1`)
  if (since.events[0] === undefined || since.events[0].recordedAt < last.recordedAt) {
    throw new Deviation(`expected events recorded at ${last.recordedAt} or later`)
  }
  const until = await visit.page(`until=${time}&limit=100`)
  if (until.events.some(({ recordedAt }) => recordedAt >= last.recordedAt)) {
    throw new Deviation(`expected events recorded before ${last.recordedAt}`)
  }
  const early = await visit.page('until=1970-01-01T00:00:00Z')
  expectEqual('the range before all events', [early.from, early.to, early.events.length], [1, 0, 0])
}

async function waits(visit: Visit): Promise<void> {
  const end = await visit.page('after=end&limit=0')
  const startedAt = performance.now()
  const after = end.to === 0 ? '0' : `${end.to}.${end.cursor.id}`
  const page = await visit.page(`after=${after}&wait=1`)
  const tookMs = performance.now() - startedAt
  if (page.events.length === 0 && tookMs < 900) throw new Deviation(`expected to wait 1 s, answered after ${tookMs} ms`)
  expectEqual('from', page.from, end.to + 1)
}

async function lastEventId(visit: Visit): Promise<string | void> {
  const [first, second] = (await visit.page('limit=2')).events
  if (second === undefined) return 'the feed shows fewer than two events'
  const accept = 'application/cloudevents-batch+json'
  const response = await visit.get(`lastEventId=${encodeURIComponent(first!.id)}&limit=1`, { accept })
  const batch = (await (await expectOk(response, accept)).json()) as { id: string }[]
  expectEqual('the next event', batch[0]?.id, second.id)
}

async function links(visit: Visit): Promise<void> {
  for (const query of ['limit=1', 'after=end']) {
    const page = (await (await visit.get(query)).json()) as {
      _links?: Record<string, { href?: string }>
      cursor?: string
    }
    for (const relation of ['self', 'next', 'first', 'home']) {
      if (typeof page._links?.[relation]?.href !== 'string') throw new Deviation(`expected a link "${relation}"`)
    }
  }
}

async function notModified(visit: Visit): Promise<void> {
  const query = 'after=start&limit=1'
  const etag = (await visit.get(query)).headers.get('etag')
  if (etag === null) throw new Deviation('expected an ETag')
  const again = await visit.get(query, { headers: { 'if-none-match': etag } })
  expectEqual('status with If-None-Match', again.status, 304)
}

async function aligned(visit: Visit): Promise<string | void> {
  const first = (await (await visit.get('')).json()) as { _links?: { page?: { href: string } } }
  const href = first._links?.page?.href
  if (href === undefined) return 'no full page yet'
  const response = await expectOk(await visit.open(href), 'application/hal+json')
  if (!/immutable/.test(response.headers.get('cache-control') ?? ''))
    throw new Deviation('expected Cache-Control: immutable')
  const body = await response.text()
  expectEqual('the page, asked again', await (await visit.open(href)).text(), body)
  const etag = response.headers.get('etag') ?? ''
  expectEqual('status with If-None-Match', (await visit.open(href, { headers: { 'if-none-match': etag } })).status, 304)
}
