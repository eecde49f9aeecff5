import { type FeedPage, pageOfJson, pagesOfLines } from '../reader/page-parts.ts'
import type { Case, Expectation } from './cases.ts'
import { Deviation, expectEqual, type Visit } from './visit.ts'

/** Sends the request of a case and compares the answer. Throws `Deviation`. */
export async function single(visit: Visit, { path = '', query, accept, method, expect }: Case): Promise<void> {
  const { first, last } = visit
  const known: Record<string, string> = {
    cursor: String(first.cursor),
    position: String(first.to),
    last: String(last),
    // Far enough not to be reached by writers while this runs.
    beyond: String(last + 1_000_000),
    edition: String(first.edition),
  }
  const filled = (text: string) => text.replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name]!)
  const asked = {
    path: filled(path),
    ...(accept === undefined ? {} : { accept }),
    ...(method === undefined ? {} : { method }),
  }
  const response = await visit.get(filled(query), asked)
  if (!expect.status.includes(response.status)) {
    throw new Deviation(`expected status ${expect.status.join(' or ')}, got ${response.status}`)
  }
  const type = (response.headers.get('content-type') ?? '').split(';')[0]
  if (expect.type !== undefined) expectEqual('the content type', type, expect.type)
  if (expect.code !== undefined) await refused(response, expect, type!)
  else await shown(response, expect, filled)
}

async function refused(response: Response, { code, body }: Expectation, type: string): Promise<void> {
  expectEqual('the content type', type, 'application/problem+json')
  const problem = (await response.json()) as Record<string, any>
  expectEqual('status in the problem', problem.status, response.status)
  if (!code!.includes(problem.code as string)) {
    throw new Deviation(`expected code ${code!.join(' or ')}, got ${String(problem.code)}`)
  }
  if (body === 'fork') {
    const named = typeof problem.log === 'string' && problem.lineage?.[0]?.log === problem.log
    if (!named) throw new Deviation('expected log, and lineage with the present one first')
  }
}

async function shown(response: Response, expect: Expectation, filled: (text: string) => string): Promise<void> {
  const page = await read(response, expect.body)
  if (page === undefined) return
  if (expect.from !== undefined) {
    const [base, more = '0'] = filled(String(expect.from)).split('+')
    expectEqual('from', page.from, Number(base) + Number(more))
  }
  if (expect.count !== undefined) expectEqual('the number of events', page.events.length, expect.count)
  if (expect.atEnd !== undefined) expectEqual('atEnd', page.atEnd, expect.atEnd)
}

async function read(
  response: Response,
  body: Expectation['body'],
): Promise<Pick<FeedPage, 'from' | 'events' | 'atEnd'> | undefined> {
  if (body === 'page') return pageOfJson(response.body!)
  if (body === 'lines') {
    const pages: FeedPage[] = []
    for await (const page of pagesOfLines(response.body!)) pages.push(page)
    return pages[0]
  }
  if (body === 'batch') {
    const events = (await response.json()) as []
    const [from = Number.NaN] = (response.headers.get('headwater-range') ?? '').split('-').map(Number)
    if (!Array.isArray(events) || Number.isNaN(from)) throw new Deviation('expected an array, and Headwater-Range')
    return { from, events, atEnd: response.headers.get('headwater-at-end') === 'true' }
  }
  await response.body?.cancel()
  return undefined
}
