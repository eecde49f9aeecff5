// A reader in a process of its own, told what to do over IPC; answers { events, ms, … }.
import http from 'node:http'

type Job =
  | { kind: 'drain'; url: string; accept: string; atLeastMs: number }
  | { kind: 'pages'; url: string; atLeastMs: number; parse: boolean; most: number }
  | { kind: 'poll'; url: string; until: number }
  | { kind: 'idle'; url: string; count: number }

const agent = new http.Agent({ keepAlive: true, maxSockets: 2_000 })

function get(url: string, accept: string, onChunk: (chunk: Buffer) => void): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent, headers: { accept, 'accept-encoding': 'identity' } }, (response) => {
        response
          .on('data', onChunk)
          .on('end', () => resolve(response))
          .on('error', reject)
      })
      .on('error', reject)
  })
}

function linesIn(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++
  return count
}

/** Bytes until the time is over, again from the start when they end. */
async function drain({ url, accept, atLeastMs }: Extract<Job, { kind: 'drain' }>) {
  const startedAt = performance.now()
  let bytes = 0
  let events = 0
  while (performance.now() - startedAt < atLeastMs) {
    await new Promise<void>((resolve, reject) => {
      const request = http.get(url, { agent, headers: { accept, 'accept-encoding': 'identity' } }, (response) => {
        response
          .on('data', (chunk: Buffer) => {
            bytes += chunk.length
            events += linesIn(chunk)
            if (performance.now() - startedAt >= atLeastMs) {
              request.destroy()
              resolve()
            }
          })
          .on('end', resolve)
          .on('error', () => resolve())
      })
      request.on('error', (error) => (performance.now() - startedAt >= atLeastMs ? resolve() : reject(error)))
    })
  }
  return { events, bytes, ms: performance.now() - startedAt }
}

/** Follows next; when the pages end, or after so many, begins again. */
async function pages({ url, atLeastMs, parse, most }: Extract<Job, { kind: 'pages' }>) {
  const startedAt = performance.now()
  let events = 0
  let next = url
  for (let page = 1; performance.now() - startedAt < atLeastMs; page++) {
    const chunks: Buffer[] = []
    const response = await get(next, 'application/hal+json', (chunk) => chunks.push(chunk))
    let href: string | undefined
    if (parse) {
      const page = JSON.parse(Buffer.concat(chunks).toString())
      events += page.events.length
      href = page._links.next.href
      if (page.atEnd === true) href = undefined
    } else {
      const [from = 0, to = 0] = String(response.headers['headwater-range']).split('-').map(Number)
      events += to - from + 1
      href = /<([^>]*)>/.exec(String(response.headers.link))?.[1]
      if (href?.includes('?') === true) href = undefined
    }
    next = href === undefined || page % most === 0 ? url : new URL(href, url).href
  }
  return { events, ms: performance.now() - startedAt }
}

/** Long-polls lines; answers when each event came, in milliseconds of the system's clock. */
async function poll({ url, until }: Extract<Job, { kind: 'poll' }>) {
  const seen: Record<string, number> = {}
  let after = 'end'
  let position = 0
  process.send!({ ready: true })
  while (position < until) {
    let text = ''
    await get(`${url}?after=${after}&wait=20`, 'application/x-ndjson', (chunk) => {
      const at = performance.timeOrigin + performance.now()
      text += chunk.toString()
      for (const [, found] of chunk.toString().matchAll(/"position":(\d+)/g)) seen[found!] ??= at
    })
    const range = JSON.parse(text.trimEnd().split('\n').at(-1)!).range
    after = range.cursor
    position = range.to
  }
  return { seen }
}

const jobs = { drain, pages, poll, idle }

/** Readers that wait at the end. Answers once all are connected; they stay. */
async function idle({ url, count }: Extract<Job, { kind: 'idle' }>) {
  const page: Buffer[] = []
  await get(`${url}?after=end&limit=0`, 'application/hal+json', (chunk) => page.push(chunk))
  const { cursor } = JSON.parse(Buffer.concat(page).toString())
  const again = (): Promise<void> =>
    get(`${url}?after=${cursor}&wait=30`, 'application/x-ndjson', () => undefined).then(again, () => undefined)
  for (let n = 0; n < count; n++) void again()
  return { count }
}

process.on('message', async (job: Job) => process.send!(await (jobs[job.kind] as (job: Job) => Promise<object>)(job)))
