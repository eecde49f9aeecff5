import { enter } from '@headwater/hypermedia/client'

export interface TailOptions {
  readonly entry: string
  readonly fetch: typeof fetch
}

/** What is sent to the page, one Server-Sent Event each. Ranges of a service join: what is not in a `page` is in a `skipped`. */
export type Told =
  | {
      readonly kind: 'page'
      readonly service: string
      readonly from: number
      readonly to: number
      readonly events: readonly unknown[]
    }
  /** More came than anybody can read: these positions were not looked at. */
  | { readonly kind: 'skipped'; readonly service: string; readonly from: number; readonly to: number }
  | { readonly kind: 'trouble'; readonly service: string; readonly sentence: string }
  | { readonly kind: 'services'; readonly names: readonly string[] }

interface Page {
  readonly from: number
  readonly to: number
  readonly cursor: string
  readonly atEnd: boolean
  readonly events: readonly unknown[]
}

/** Events read at a time of one service; with the pause this bounds what a page has to draw, whatever the rate. */
const most = 100
const pauseMs = 250
const retryMs = 2_000
const waitSeconds = 20
const keepAliveMs = 15_000
/** Pieces that wait for a slow page, each of at most `most` events. */
const mostUnsent = 16

/**
 * The logs of the landscape's services as one stream, as they come, at a rate that a page can show. `?service=` and `?type=` (repeated) and `?view=published` narrow it;
 * it goes on where `Last-Event-ID` says, else it begins with the last events of each. Services that are added later are followed too.
 */
export function tail(request: Request, options: TailOptions): Response {
  const asked = new URL(request.url).searchParams
  const gone = new AbortController()
  const encoder = new TextEncoder()
  const places = placesOf(request.headers.get('last-event-id') ?? asked.get('after') ?? '')
  const stalled = new Set<() => void>()
  const goOn = () => {
    for (const resume of stalled) resume()
    stalled.clear()
  }
  gone.signal.addEventListener('abort', goOn, { once: true })
  const source: UnderlyingDefaultSource<Uint8Array> = {
    start(controller) {
      const write = (text: string) => gone.signal.aborted || controller.enqueue(encoder.encode(text))
      const tell = (told: Told) => {
        const at = [...places].map(([service, position]) => `${service}:${position}`).join()
        write(`id: ${at}\ndata: ${JSON.stringify(told)}\n\n`)
      }
      write('retry: 1000\n\n')
      const alive = setInterval(() => write(':\n\n'), keepAliveMs)
      const following = new Map<string, Promise<void>>()
      const narrowed = {
        services: asked.getAll('service'),
        types: asked.getAll('type'),
        relation: asked.get('view') === 'published' ? 'events' : 'log',
      }
      // A page that does not read is not read for either: it goes on near the end, and is told so.
      const room = async () => {
        if ((controller.desiredSize ?? 0) <= 0 && !gone.signal.aborted)
          await new Promise<void>((resume) => stalled.add(resume))
      }
      void watch({ ...options, ...narrowed, places, room, tell, signal: gone.signal, following }).finally(() =>
        clearInterval(alive),
      )
    },
    pull: goOn,
    cancel: () => gone.abort(),
  }
  const body = new ReadableStream(source, { highWaterMark: mostUnsent })
  request.signal.addEventListener('abort', () => gone.abort(), { once: true })
  const headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  return new Response(body, { headers })
}

interface Following extends TailOptions {
  readonly services: readonly string[]
  readonly types: readonly string[]
  /** Of the feed that is followed, from a service's home. */
  readonly relation: string
  readonly places: Map<string, number>
  readonly tell: (told: Told) => void
  /** Resolves when the page has taken what was sent. */
  readonly room: () => Promise<void>
  readonly signal: AbortSignal
  readonly following: Map<string, Promise<void>>
}

/** Looks at the entry document again and again: a service that is new is followed from then on. */
async function watch(on: Following): Promise<void> {
  let said = ''
  while (!on.signal.aborted) {
    try {
      const listed = await landscapeOf(on).services()
      const names = listed.map(({ name }) => name)
      if (names.join() !== said) on.tell({ kind: 'services', names })
      said = names.join()
      for (const name of names) {
        if (on.following.has(name) || (on.services.length > 0 && !on.services.includes(name))) continue
        on.following.set(
          name,
          follow(name, on).finally(() => on.following.delete(name)),
        )
      }
    } catch (error) {
      if (!on.signal.aborted) on.tell({ kind: 'trouble', service: '', sentence: (error as Error).message })
    }
    await pause(retryMs, on.signal)
  }
}

const landscapeOf = ({ entry, fetch, signal }: Following) =>
  enter<Record<string, any>>(entry, {
    fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.any([init.signal!, signal]) }),
  })

async function follow(service: string, on: Following): Promise<void> {
  try {
    const home = await landscapeOf(on).service(service)
    const log = home.href(on.relation) as string | undefined
    if (log === undefined) return
    const read = reader(log, on)
    let cursor = String(on.places.get(service) ?? Math.max(0, (await read('end', 0)).to - most / 2))
    while (!on.signal.aborted) {
      const page = await read(cursor, most)
      cursor = page.cursor
      on.places.set(service, page.to)
      on.tell({ kind: 'page', service, from: page.from, to: page.to, events: page.events })
      if (!page.atEnd) cursor = await skipped(service, page, on, read)
      await pause(pauseMs, on.signal)
      await on.room()
    }
  } catch (error) {
    if (!on.signal.aborted) on.tell({ kind: 'trouble', service, sentence: (error as Error).message })
    await pause(retryMs, on.signal)
  }
}

/** Behind by more than can be shown: goes on near the end, and says what it passes over. */
async function skipped(service: string, page: Page, on: Following, read: Read): Promise<string> {
  const end = (await read('end', 0)).to
  const to = end - most
  if (to <= page.to) return page.cursor
  on.places.set(service, to)
  on.tell({ kind: 'skipped', service, from: page.to + 1, to })
  return String(to)
}

type Read = (after: string, limit: number) => Promise<Page>

function reader(log: string, { fetch, types, signal }: Following): Read {
  return async (after, limit) => {
    const url = new URL(log)
    url.searchParams.set('after', after)
    url.searchParams.set('limit', String(limit))
    if (limit > 0) url.searchParams.set('wait', String(waitSeconds))
    for (const type of types) url.searchParams.append('type', type)
    const answer = await fetch(url, { headers: { accept: 'application/json' }, signal })
    const said = (await answer.json()) as Page & { readonly detail?: string }
    if (!answer.ok) throw new Error(said.detail ?? `Expected a page of ${log}, got ${answer.status}.`)
    return said
  }
}

/** `payments:120,pots:7` */
function placesOf(text: string): Map<string, number> {
  const pairs = text.split(',').flatMap((pair) => {
    const [, service, position] = /^([a-z][a-z0-9-]*):(\d{1,15})$/.exec(pair) ?? []
    return service === undefined ? [] : [[service, Number(position)] as const]
  })
  return new Map(pairs)
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
