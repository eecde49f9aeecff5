import { type Caller, html, htmlResponse, chooseFace, problem } from '@headwater/hypermedia'
import { lookBack } from './looking-back.ts'
import { lacking, unknownCaller } from './right.ts'
import type { Running } from './running.ts'

/** The events of one entity, whole, for callers with the right to explore: `/{service}/streams/{stream}`; with `?at=` and the like, what it was. */
export async function streams(
  running: Running,
  stream: string,
  request: Request,
  { caller }: { readonly caller?: Caller },
): Promise<Response> {
  if (caller === undefined) return unknownCaller()
  const refused = lacking(caller, 'explore')
  if (refused !== undefined) return refused
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problem(405, { code: 'HW_METHOD_NOT_ALLOWED', headers: { allow: 'GET, HEAD' } })
  }
  const events = await running.store.read(stream)
  if (events.length === 0) {
    return problem(404, {
      code: 'HW_NO_SUCH_STREAM',
      detail: `Expected a stream with events, like pot-p1, got ${stream.slice(0, 100)}, which has none.`,
    })
  }
  const back = await lookBack(running, stream, new URL(request.url).searchParams, caller)
  if (back instanceof Response) return back
  if (back !== undefined) return Response.json(back, { headers: { vary: 'accept' } })
  const face = chooseFace(request.headers.get('accept'), ['application/hal+json', 'application/json', 'text/html'])
  if (face === 'text/html') {
    const rows = events.map(
      ({ version, type, occurredAt, data }) =>
        html`<dt>${version}. ${type} <small>${occurredAt}</small></dt>
          <dd><pre>${JSON.stringify(data, null, 2)}</pre></dd>`,
    )
    return htmlResponse(
      200,
      stream,
      html`<h1>${stream}</h1>
        <dl>${rows}</dl>`,
      { vary: 'accept' },
    )
  }
  const document = { stream, version: events.length, events, _links: { home: { href: '../' } } }
  return Response.json(document, { headers: { 'content-type': face ?? 'application/hal+json', vary: 'accept' } })
}
