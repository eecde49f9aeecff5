import { ask, landscape } from '../reach.ts'
import type { FeedEvent } from './event.ts'

export interface FeedPage {
  readonly from: number
  readonly to: number
  readonly atEnd: boolean
  readonly events: readonly FeedEvent[]
}

interface Wanted {
  readonly after: number
  readonly limit: number
  readonly types?: readonly string[]
  readonly published?: boolean
}

/** URL of a service's feed: of all it keeps, or of what it publishes. */
export async function feedUrl(service: string, published = false): Promise<string> {
  return (await landscape.service(service)).href(published ? 'events' : 'log')
}

/** A page of a service's feed, by its link. Throws with the feed's own sentence. */
export async function feedPage(
  service: string,
  { after, limit, types = [], published = false }: Wanted,
): Promise<FeedPage> {
  const url = new URL(await feedUrl(service, published))
  url.search = new URLSearchParams([
    ['after', String(after)],
    ['limit', String(limit)],
    ...types.map((type) => ['type', type]),
  ]).toString()
  const answer = await ask(url.href, { headers: { accept: 'application/json' } })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.detail ?? `${service} answered ${answer.status}.`)
  return said as FeedPage
}
