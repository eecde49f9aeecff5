import { refusal } from './problem.ts'
import { type Asked, bothAccepts, editionOf, everything, lineageOf, type Serving } from './serving.ts'

/** Answers `GET {feed}/{position}`: one event, as this reader may see it. */
export async function oneEvent(serving: Serving, asked: Asked, position: number): Promise<Response> {
  const { known, links } = serving
  const view = serving.viewFor(asked.caller, everything)
  const exists = (await known.idAt(position)) !== undefined
  const wanted = { after: position - 1, upTo: position, bounds: { events: 1, bytes: 1 } }
  const range = exists ? await known.range(view, wanted) : undefined
  if (range === undefined || range.count === 0) {
    throw refusal(
      'HW_NO_SUCH_EVENT',
      `No event at position ${position} is shown to you. Follow links from ${links.feed}.`,
    )
  }
  const etag = `"${editionOf(view, await lineageOf(known))}.${position}"`
  const headers = { ...bothAccepts, 'cache-control': `${serving.open ? 'public' : 'private'}, no-cache`, etag }
  if (asked.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  const link = `<${links.after({ position, id: range.id })}>; rel="next", <${links.feed}>; rel="collection"`
  return new Response(range.bytes as Buffer<ArrayBuffer>, {
    headers: { ...headers, 'content-type': 'application/cloudevents+json', link },
  })
}
