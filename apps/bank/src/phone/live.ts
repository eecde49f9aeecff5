import { problem, type Route, type Running } from '@headwater/service'
import { customerBehind } from '../customers/speaking.ts'

/** `GET /phone/live`: what notifications tells the customer of this session, passed through as it comes. */
export const live: Route = async (request, running) => {
  const { caller, surroundings } = running
  if (customerBehind(caller?.subject) === undefined) return problem(401, { code: 'HW_UNAUTHENTICATED' })
  const url = await linkTo(running, 'notifications', 'live')
  if (url === undefined) return problem(503, { code: 'HW_NOT_FOUND_NOW', headers: { 'retry-after': '2' } })
  const last = request.headers.get('last-event-id') ?? new URL(request.url).searchParams.get('after')
  const answer = await surroundings.fetchFor(caller!.subject)(url, {
    headers: { accept: 'text/event-stream', ...(last === null ? {} : { 'last-event-id': last }) },
    signal: request.signal,
  })
  return new Response(answer.body, answer)
}

/** Where a service's home says that something is: found from the entry URL, like everything. */
async function linkTo({ surroundings }: Running, service: string, relation: string): Promise<string | undefined> {
  const { entry, fetch } = surroundings
  const read = async (url: string) => ((await (await fetch(url)).json()) as { _links: Record<string, any> })._links
  const home = (await read(entry))['service'].find(({ name }: { name: string }) => name === service)
  if (home === undefined) return undefined
  const url = new URL(home.href, entry).href
  return new URL((await read(url))[relation].href, url).href
}
