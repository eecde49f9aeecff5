import { type Answer, batchBody, pageBody, rangeHeaders } from './answer.ts'
import { type Piece, readOn } from './awaiting.ts'
import { type Face, faceFor, mediaTypeOf } from './face.ts'
import { htmlPage } from './html.ts'
import { alignedAt, pageOf, pageSize } from './links.ts'
import { type Place, placeOf } from './place.ts'
import { parseQuery, type Query } from './query.ts'
import { joined, mostBytes } from './reading.ts'
import { type Asked, bothAccepts, clientOf, editionOf, lineageOf, type Serving } from './serving.ts'
import { accepts, bodyOf, gzipped, type Pieces } from './streaming.ts'
import { linesOf, liveOf } from './streams.ts'
import type { View } from './view.ts'

/** A bounded answer is given with what was read by then; who asks on has its place. */
const mostReadingMs = 2_000
const allFaces: readonly Face[] = ['page', 'lines', 'batch', 'live', 'html']

/** Answers `GET {feed}?…` in the face asked for. */
export async function search(serving: Serving, asked: Asked): Promise<Response> {
  const byId = asked.url.searchParams.has('lastEventId') && (asked.headers.get('accept') ?? '*/*') === '*/*'
  const face = byId ? 'batch' : faceFor(asked.headers.get('accept'), allFaces)
  const query = parseQuery(asked.url.searchParams, asked.headers)
  const view = serving.viewFor(asked.caller, query.choice)
  const place = await placeOf(serving.known, query)
  if (face === 'lines' || face === 'live') return streamed(serving, { asked, view, place, query }, face)
  const end = query.waitMs > 0 ? serving.waits.begin(clientOf(asked.caller)) : undefined
  const answer = await bounded(serving, asked, { view, place, query }).finally(end)
  const etag = `"${answer.edition}.${answer.range.from}-${answer.range.to}${answer.atEnd ? '.end' : ''}.${face}"`
  const headers = { ...bothAccepts, 'cache-control': 'no-store', etag, ...rangeHeaders(answer), ...view.retiring }
  if (asked.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  if (face === 'html') return htmlPage(answer, asked.url.searchParams, headers)
  const body = face === 'batch' ? batchBody(answer) : pageBody(answer)
  return new Response(body, {
    headers: { ...headers, 'content-type': mediaTypeOf(face), 'content-length': String(body.length) },
  })
}

interface Search {
  readonly view: View
  readonly place: Place
  readonly query: Query
}

function streamed(serving: Serving, stream: Search & { asked: Asked }, face: 'lines' | 'live'): Response {
  const gone = new AbortController()
  const signal = AbortSignal.any([gone.signal, stream.asked.signal])
  const inside = { ...stream, asked: { ...stream.asked, signal } }
  const end = serving.waits.begin(clientOf(stream.asked.caller))
  const pieces = ended(face === 'lines' ? linesOf(serving, inside) : liveOf(serving, inside), end)
  const zip = accepts(stream.asked.headers.get('accept-encoding'), 'gzip')
  return new Response(
    bodyOf(zip ? gzipped(pieces) : pieces, () => {
      gone.abort()
      end() // a stream that nobody began to read never comes to its own end
    }),
    {
      headers: {
        ...bothAccepts,
        ...stream.view.retiring,
        'cache-control': 'no-store',
        'content-type': mediaTypeOf(face),
        ...(zip ? { 'content-encoding': 'gzip' } : {}),
      },
    },
  )
}

async function* ended(pieces: Pieces, end: () => void): Pieces {
  try {
    yield* pieces
  } finally {
    end()
  }
}

async function bounded(serving: Serving, asked: Asked, { view, place, query }: Search): Promise<Answer> {
  const { known, links } = serving
  // Who knows ids alone goes on behind what was shown last: a page's end behind which nothing is shown would be the end for ever.
  const byId = typeof query.after === 'object' && 'eventId' in query.after
  const bare = query.choice.versions.size === 0 && query.until === undefined && query.limit === undefined
  const plain = view.whole && bare && !byId
  const { range, atEnd } = await collected(serving, asked, { view, place, query }, { plain, byId })
  const log = await lineageOf(known)
  const edition = editionOf(view, log)
  const end = { position: range.to, id: range.id }
  const block = pageOf(range.from)
  const full = plain && range.count > 0 && block.to <= known.highest
  const following = plain ? alignedAt(range.to + 1) : undefined
  const ready =
    following !== undefined && following.to - following.from + 1 === pageSize && following.to <= known.highest
  return {
    service: serving.service,
    view: serving.view,
    log,
    edition,
    range,
    atEnd,
    links,
    self: `${links.feed}${asked.url.search}`,
    next: ready ? links.page(edition, following) : links.after(end, asked.url.searchParams),
    ...(place.position === 0 ? {} : { prev: await before(serving, place, asked) }),
    ...(full ? { page: links.page(edition, block) } : {}),
  }
}

async function before({ links }: Serving, { position }: Place, asked: Asked): Promise<string> {
  const start = Math.max(0, position - pageSize)
  const parameters = new URLSearchParams(asked.url.searchParams)
  for (const name of ['since', 'lastEventId', 'wait', 'timeout']) parameters.delete(name)
  parameters.set('after', String(start))
  return `${links.feed}?${parameters}`
}

/** Reads until something is shown and limit, bound, page's end or log's end is reached. Unless told otherwise, it ends with its aligned page. */
async function collected(
  serving: Serving,
  asked: Asked,
  { view, place, query }: Search,
  { plain, byId }: { readonly plain: boolean; readonly byId: boolean },
): Promise<Piece> {
  const { known, now } = serving
  const { limit = pageSize, waitMs, until } = query
  const stopAt = plain ? { stopAt: pageOf(place.position + 1).to } : {}
  const options = { limit, waitMs, now, signal: asked.signal, ...stopAt, ...(until === undefined ? {} : { until }) }
  const startedAt = performance.now()
  const pieces: Piece[] = []
  let bytes = 0
  let empty = limit > 0
  for await (const piece of readOn(known, view, place, options)) {
    empty = false
    pieces.push(piece)
    bytes += piece.range.bytes.length
    if (bytes >= mostBytes) break
    if (performance.now() - startedAt > mostReadingMs && (bytes > 0 || !(byId || piece.atEnd))) break
  }
  const range = joined(
    place,
    pieces.map((piece) => piece.range),
  )
  const atEnd = pieces.at(-1)?.atEnd ?? (empty || place.position === (await known.last()))
  return { range, atEnd }
}
