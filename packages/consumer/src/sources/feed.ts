import { type Fetch, findCursor, readFeed, type ViewName } from '@headwater/feed'
import type { ReadRequest, Source, SourcePage } from '../source.ts'

export interface FeedSourceOptions {
  /** Default `published`. */
  readonly view?: ViewName
  /** Sends requests: put the token in here. */
  readonly fetch?: Fetch
  /** Asks for gzip: for slow networks. */
  readonly compress?: boolean
  /** How long a request waits at the end of the log; default 30. */
  readonly waitSeconds?: number
}

/** The feeds of services, found from one entry URL: the landscape's, a service's home, or a feed itself. */
export function feedSource(entryUrl: string, { waitSeconds = 30, ...options }: FeedSourceOptions = {}): Source {
  return {
    name: entryUrl,
    async *read(request) {
      const reading = { ...options, ...readingOf(request) }
      let after = request.after
      if (after === 'end') {
        after = await findCursor(entryUrl, { ...reading, before: 'end' })
        yield { log: after.log, from: after.position + 1, to: after.position, events: [], atEnd: true, cursor: after }
      } else {
        // Without waiting, so that hidden events at the end are passed over at once.
        for await (const page of readFeed(entryUrl, { ...reading, after, waitSeconds: 0 })) {
          after = page.cursor
          yield page satisfies SourcePage
          if (page.atEnd) break
        }
      }
      if (request.signal.aborted) return
      yield* readFeed(entryUrl, { ...reading, after, waitSeconds })
    },
    async before({ service, time, signal }) {
      const cursor = await findCursor(entryUrl, { ...options, service, before: time, signal })
      return cursor.position === 0 ? undefined : cursor
    },
  }
}

function readingOf({ service, types: names, versions = {}, signal, onTrouble }: ReadRequest) {
  const types = names.map((type) => (Object.hasOwn(versions, type) ? `${type}@${versions[type]}` : type))
  return { service, types, signal, onRetry: ({ failure }: { failure: Error }) => onTrouble?.(failure) }
}
