import { type FeedPage, readFeed, type ReadFeedOptions } from '@headwater/feed'
import { Ended, type Invocation } from './command.ts'
import type { Connection } from './connection.ts'

/** What of which service, from where; up to the end, or on and on. */
export interface Wanted extends Pick<ReadFeedOptions, 'service' | 'view' | 'types'> {
  readonly service: string
  /** Default: the start. */
  readonly after?: ReadFeedOptions['after']
  readonly follow?: boolean
}

/** Pages of a service's feed. Who follows waits for a landscape that is away, and hears of it; for all others the command ends. */
export async function* feedPages(
  connection: Connection,
  { signal, output }: Pick<Invocation, 'signal' | 'output'>,
  { follow = false, ...wanted }: Wanted,
): AsyncGenerator<FeedPage> {
  const pages = readFeed(connection.url, {
    after: 'start',
    ...wanted,
    ...(follow ? {} : { waitSeconds: 0 }),
    signal,
    fetch: connection.fetch,
    onRetry({ failure }) {
      if (!follow && failure.cause instanceof Ended) throw failure.cause
      output.say(failure.message)
    },
  })
  for await (const page of pages) {
    yield page
    if (page.atEnd && !follow) return
  }
  signal.throwIfAborted()
}
