import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { type Answer, batchBody, linesPiece, pageBody, rangeHeaders } from './answer.ts'
import { type Face, faceFor, mediaTypeOf } from './face.ts'
import type { Range } from './known-log.ts'
import { type Aligned, alignedAt, pageSize } from './links.ts'
import { refusal } from './problem.ts'
import { joined, mostBytes, rangesOf } from './reading.ts'
import { type Asked, bothAccepts, editionOf, everything, lineageOf, type Serving } from './serving.ts'
import { accepts } from './streaming.ts'
import type { View } from './view.ts'

interface Wanted {
  readonly aligned: Aligned
  readonly view: View
  readonly log: string
  readonly edition: string
  readonly face: Face
  readonly encoding: Encoding
}

interface Rendered {
  readonly body: Buffer<ArrayBuffer>
  readonly headers: Readonly<Record<string, string>>
}

type Encoding = 'identity' | 'gzip' | 'br'

const faces: readonly Face[] = ['page', 'lines', 'batch']
const compressors = {
  gzip: (body: Buffer) => promisify(gzip)(body),
  br: (body: Buffer) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
}

/** Answers `GET {feed}/{edition}/{from}-{to}`. What was rendered and compressed once is kept, within `mostKeptBytes`. */
export function alignedPages(serving: Serving, mostKeptBytes: number) {
  const { known, open } = serving
  const kept = new Map<string, Rendered>()
  let keptBytes = 0
  const keep = (key: string, rendered: Rendered) => {
    keptBytes += rendered.body.length
    kept.set(key, rendered)
    for (const [oldest, { body }] of kept) {
      if (keptBytes <= mostKeptBytes) break
      kept.delete(oldest)
      keptBytes -= body.length
    }
  }
  const rendering = new Map<string, Promise<Rendered | Response>>()
  const rendered = async (key: string, wanted: Wanted): Promise<Rendered | Response> => {
    const found = kept.get(key)
    if (found !== undefined) return found
    const underway = rendering.get(key) ?? render(serving, wanted).finally(() => rendering.delete(key))
    rendering.set(key, underway)
    const made = await underway
    if (!(made instanceof Response) && !kept.has(key)) keep(key, made)
    return made
  }
  return async (asked: Asked, edition: string, range: string): Promise<Response> => {
    const wanted = await parse(serving, asked, edition, range)
    const etag = `"${edition}.${range}.${wanted.face}${wanted.encoding === 'identity' ? '' : `.${wanted.encoding}`}"`
    const page = await rendered(`${known.generation} ${etag}`, wanted)
    if (page instanceof Response) return page.clone()
    // Anybody may be given what a shared cache keeps, also what only a reader that is named is shown.
    const shared = open && wanted.view.hash === serving.viewFor(undefined, everything).hash
    const caching = `${shared ? 'public' : 'private'}, max-age=31536000, immutable`
    const length = String(page.body.length)
    const { retiring } = wanted.view
    const kinds = { ...page.headers, ...bothAccepts, ...retiring }
    const headers = { ...kinds, etag, 'cache-control': caching, 'content-length': length }
    if (asked.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
    return new Response(page.body, { headers })
  }
}

async function parse(serving: Serving, asked: Asked, edition: string, range: string): Promise<Wanted> {
  const [, from, to] = (/^([1-9]\d{0,15})-([1-9]\d{0,15})$/.exec(range) ?? []).map(Number)
  const size = to! - from! + 1
  const aligned = from !== undefined && [1_000, 100, 10, 1].includes(size) && (from - 1) % size === 0
  if (!aligned) throw refusal('HW_NO_SUCH_PAGE', `Expected an aligned range like 1-1000, got "${range}".`)
  const view = serving.viewFor(asked.caller, everything)
  const log = await lineageOf(serving.known)
  const present = editionOf(view, log)
  if (present !== edition) {
    const { feed } = serving.links
    throw refusal('HW_EDITION_GONE', `The edition is ${present} now. Go on from ${feed}?after=<your cursor>.`, {
      edition: present,
    })
  }
  const encodings = asked.headers.get('accept-encoding')
  const encoding = accepts(encodings, 'br') ? 'br' : accepts(encodings, 'gzip') ? 'gzip' : 'identity'
  const face = faceFor(asked.headers.get('accept'), faces)
  return { aligned: { from, to: to! }, view, log, edition, face, encoding }
}

async function render(serving: Serving, wanted: Wanted): Promise<Rendered | Response> {
  const { known, links } = serving
  const { aligned, view, edition } = wanted
  const { from, to } = aligned
  const last = known.highest >= to ? known.highest : await known.last()
  const before = { position: from - 1, id: from - 1 > last ? undefined : await known.idAt(from - 1) }
  if (before.id === undefined)
    throw refusal('HW_NO_SUCH_PAGE', `The log ends at ${last}. Follow links from ${links.feed}.`)
  if (last < to) return elsewhere(links.after({ ...before, id: before.id }))
  const range = await wholeRange(serving, view, aligned, before.id)
  if (range === undefined) return elsewhere(links.page(edition, alignedAt(from, (to - from + 1) / 10)!))
  return compressed(rendering(serving, wanted, range), wanted)
}

/** Undefined where the range passes the bound on bytes and can be made smaller. */
async function wholeRange(
  { known }: Serving,
  view: View,
  { from, to }: Aligned,
  idBefore: string,
): Promise<Range | undefined> {
  const place = { position: from - 1, id: idBefore }
  const ranges: Range[] = []
  let bytes = 0
  for await (const range of rangesOf(known, view, place, { upTo: to, limit: pageSize })) {
    ranges.push(range)
    bytes += range.bytes.length
    if (bytes > mostBytes && to > from) return undefined
  }
  const range = joined(place, ranges)
  return range.to === to ? range : undefined
}

function rendering(serving: Serving, { aligned, log, edition, face }: Wanted, range: Range): Rendered {
  const { links, service } = serving
  const { from, to } = aligned
  const earlier = Math.max(0, from - 1 - pageSize)
  const answer: Answer = {
    service,
    view: serving.view,
    log,
    edition,
    range: { ...range, from },
    atEnd: false,
    self: links.page(edition, aligned),
    next: links.page(edition, alignedAt(to + 1)!),
    ...(from === 1 ? {} : { prev: earlier === 0 ? `${links.feed}?after=start` : `${links.feed}?after=${earlier}` }),
    page: links.page(edition, aligned),
    links,
  }
  const body =
    face === 'page' ? pageBody(answer) : face === 'batch' ? batchBody(answer) : linesPiece(log, answer.range, false)
  const headers = { ...rangeHeaders(answer), 'content-type': mediaTypeOf(face) }
  return { body, headers }
}

async function compressed(rendered: Rendered, { encoding }: Wanted): Promise<Rendered> {
  if (encoding === 'identity') return rendered
  const body = (await compressors[encoding](rendered.body)) as Buffer<ArrayBuffer>
  return { body, headers: { ...rendered.headers, 'content-encoding': encoding } }
}

function elsewhere(location: string): Response {
  return new Response(null, { status: 307, headers: { location, 'cache-control': 'no-store' } })
}
