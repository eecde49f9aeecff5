import http from 'node:http'
import { readFeed } from '@headwater/feed'

/** What a reader saw: `position id`, and the ranges it was told it covers. */
export interface Seen {
  readonly events: string[]
  /** Last position covered; ranges joined up to it. */
  covered: number
  readonly wrong: string[]
}

export type Read = (feedUrl: string, seen: Seen, signal: AbortSignal) => Promise<void>

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Reads on from where it is, whatever happens, until told to stop. */
export function start(read: Read, feedUrl: string): { seen: Seen; stop: () => Promise<void> } {
  const seen: Seen = { events: [], covered: 0, wrong: [] }
  const end = new AbortController()
  const running = (async () => {
    while (!end.signal.aborted) {
      await read(feedUrl, seen, end.signal).catch(() => undefined) // cut off: from the cursor it has
      await pause(50)
    }
  })()
  return {
    seen,
    stop: async () => {
      end.abort()
      await running
    },
  }
}

function cover(seen: Seen, from: number, to: number): void {
  if (from !== seen.covered + 1) seen.wrong.push(`range ${from}-${to} after ${seen.covered}`)
  seen.covered = to
}

/** Pages as a person or a stock client walks them: by `next`, also through the pages kept for ever. */
export const byPages: Read = async (feedUrl, seen, signal) => {
  let next = `${feedUrl}?after=${seen.covered}`
  while (!signal.aborted) {
    const response = await fetch(next, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) })
    if (response.status !== 200) throw new Error(String(response.status))
    const page = (await response.json()) as any
    if (page.to < page.from) await pause(20)
    else {
      cover(seen, page.from, page.to)
      seen.events.push(...page.events.map(({ position, id }: any) => `${position} ${id}`))
    }
    next = new URL(page._links.next.href, feedUrl).href
  }
}

/** Our reader: lines, waiting at the end. It is killed with its connection and goes on from its cursor. */
export const byLines = (compress: boolean): Read => {
  let after: Parameters<typeof readFeed>[1]['after'] = 'start'
  return async (feedUrl, seen, signal) => {
    for await (const page of readFeed(feedUrl, { after, signal, compress, waitSeconds: 5 })) {
      cover(seen, page.from, page.to)
      seen.events.push(...page.events.map(({ position, id }) => `${position} ${id}`))
      after = page.cursor
    }
  }
}

/** Long polls of JSON pages. */
export const byPolls: Read = async (feedUrl, seen, signal) => {
  while (!signal.aborted) {
    const response = await fetch(`${feedUrl}?after=${seen.covered}&wait=5&limit=70`, { signal })
    if (response.status !== 200) throw new Error(String(response.status))
    const page = (await response.json()) as any
    if (page.to >= page.from) cover(seen, page.from, page.to)
    seen.events.push(...page.events.map(({ position, id }: any) => `${position} ${id}`))
  }
}

/** An http-feeds reader: it knows ids alone, and covers by the batches it gets. */
export const byBatches: Read = async (feedUrl, seen, signal) => {
  while (!signal.aborted) {
    const last = seen.events.at(-1)?.split(' ')[1]
    const query = last === undefined ? '' : `?lastEventId=${encodeURIComponent(last)}&timeout=2000`
    const response = await fetch(`${feedUrl}${query}`, {
      headers: { accept: 'application/cloudevents-batch+json' },
      signal,
    })
    if (response.status !== 200) throw new Error(String(response.status))
    const batch = (await response.json()) as any[]
    seen.events.push(...batch.map(({ position, id }) => `${position} ${id}`))
    seen.covered = Number(response.headers.get('headwater-range')!.split('-')[1])
  }
}

/** Server-sent events as a browser reads them, coming back with Last-Event-ID. */
export const byLive = (): Read => {
  let lastEventId = ''
  return async (feedUrl, seen, signal) => {
    // What came after the last range block was not covered: the browser's cursor is behind it all the same.
    const response = await fetch(feedUrl, {
      headers: { accept: 'text/event-stream', 'last-event-id': lastEventId },
      signal,
    })
    if (response.status !== 200) throw new Error(String(response.status))
    let rest = ''
    for await (const chunk of response.body!.pipeThrough(
      new TextDecoderStream() as any,
    ) as unknown as AsyncIterable<string>) {
      rest += chunk
      const blocks = rest.split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        const fields = new Map(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        )
        if (fields.has('id')) lastEventId = fields.get('id')!
        if (!fields.has('data')) continue
        const data = JSON.parse(fields.get('data')!)
        if (fields.get('event') === 'range') seen.covered = data.to
        else seen.events.push(`${data.position} ${data.id}`)
      }
    }
  }
}

/** A reader of lines who takes the first bytes and then nothing more; its socket stays open. */
export function slow(feedUrl: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = http.get(feedUrl, { headers: { accept: 'application/x-ndjson' } }, (response) => {
      response.once('readable', () => {
        response.read(1)
        resolve(() => request.destroy())
      })
    })
    request.once('error', reject)
  })
}
