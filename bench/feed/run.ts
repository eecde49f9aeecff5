// `npm run bench -- feed [--full] [--only lines,cached,pages,flat,latency,idle]`: events over HTTP beside the barest servers that could give them.
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { contractOf, events } from '@headwater/contract'
import { migrate, openStore } from '@headwater/event-store'
import { feed } from '@headwater/feed'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { z } from 'zod'
import { type Compared, pairs, type Runner } from '../harness/pairs.ts'
import { full, type Line, option, report } from '../harness/report.ts'

const total = full ? 1_000_000 : 200_000
const contract = contractOf(events('pots', { Saved: { data: z.any(), level: 'published' } }))

// Counted where they leave this process.
let queries = 0
const { query } = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown }
Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]) {
    queries++
    return query.apply(this, args)
  },
})

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
await migrate(pool)
await fill()
const store = openStore({ pool, service: 'pots' })
const servers: http.Server[] = []
const client = fork(new URL('client.ts', import.meta.url), { execArgv: ['--import', 'tsx'] })
const everyone = { perSecond: 1e9, burst: 1e9 }
const serve = feed({ log: store.log, contract, open: true, cacheBytes: 1 << 30, rate: everyone })
const ours = await listen(getRequestListener((request) => serve(request)))
const feedUrl = `${ours}/events`

try {
  const parts: Record<string, () => Promise<Line[]>> = { lines, cached, pages, flat, latency, idle }
  const only = option('only', Object.keys(parts).join()).split(',')
  const said: Line[] = []
  for (const name of only) said.push(...(await parts[name]!()))
  report(said, `feed: ${said.map(({ name, value }) => `${name} ${value}`).join(', ')}`)
} finally {
  client.kill()
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  await store.close()
  await pool.end()
}

/** Events of about 500 bytes as served. */
async function fill(): Promise<void> {
  await pool.query(
    `insert into headwater.event (position, stream, version, id, type, schema_version, occurred_at, recorded_at, correlation_id, causation_id, data)
     select n, 'pot-' || n % 1000, (n - 1) / 1000 + 1, md5(n::text)::uuid::text, 'Saved', 1, now(), now(), 'c' || n, 'c' || n,
       json_build_object('customerId', 'c' || n % 1000, 'amountMinor', n, 'note', repeat('x', 90))
     from generate_series(1, $1::int) n`,
    [total],
  )
  await pool.query('analyze headwater.event')
}

async function listen(listener: http.RequestListener): Promise<string> {
  const server = http.createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function ask<T>(job: object): Promise<T> {
  return new Promise((resolve) => {
    const onMessage = (message: T & { ready?: boolean }) => {
      if (message.ready === true) return
      client.off('message', onMessage)
      resolve(message)
    }
    client.on('message', onMessage)
    client.send(job)
  })
}

function reading(job: object): Runner {
  return async (ms) => (await ask<{ events: number }>({ ...job, atLeastMs: ms })).events
}

function against(name: string, { ratio, low, high, ours: mine, theirs }: Compared, goal: number, peer: string): Line[] {
  const value = `${ratio.toFixed(2)} × (${low.toFixed(2)}–${high.toFixed(2)})`
  const beside = `≥ ${goal} × ${peer} (${k(mine)} beside ${k(theirs)})`
  return [{ name, value, goal: beside, met: ratio >= goal }]
}

function atMost(name: string, measured: number, unit: string, most: number): Line {
  return { name, value: `${measured.toFixed(2)} ${unit}`, goal: `≤ ${most} ${unit}`, met: measured <= most }
}

async function lines(): Promise<Line[]> {
  const sql = readFileSync(new URL('../../packages/event-store/sql/log-copy.sql', import.meta.url), 'utf8')
  const literals: Record<string, string> = { source: `'/pots'`, after: '0', upTo: String(total), types: 'null' }
  const text = sql.replaceAll(/\$(\w+)/g, (_, name: string) => literals[name]!)
  const bare = await listen(async (_, response) => {
    const connection = await pool.connect()
    let ended = false
    response.on('close', () => connection.release(!ended))
    const rows = connection.query(copyTo(text))
    rows.on('end', () => (ended = true))
    rows.on('error', () => response.destroy())
    rows.pipe(response)
  })
  const accept = 'application/x-ndjson'
  const compared = await pairs(
    reading({ kind: 'drain', url: feedUrl, accept }),
    reading({ kind: 'drain', url: bare, accept }),
  )
  return against('lines', compared, 0.8, 'node:http piping COPY')
}

/** Pages from memory beside the same bytes from memory. */
async function cached(): Promise<Line[]> {
  const most = 100
  const firstPage = (await (await fetch(feedUrl)).json()) as { edition: string }
  const start = `${feedUrl}/${firstPage.edition}/1-1000`
  const canned: { body: Buffer; headers: Record<string, string> }[] = []
  let next = start
  for (let n = 0; n < most && next.includes('/events/'); n++) {
    const response = await fetch(next, { headers: { accept: 'application/hal+json', 'accept-encoding': 'identity' } })
    const link = `</${(n + 1) % most}>; rel="next"`
    const range = response.headers.get('headwater-range')!
    canned.push({ body: Buffer.from(await response.arrayBuffer()), headers: { link, 'headwater-range': range } })
    next = new URL(/<([^>]*)>/.exec(response.headers.get('link')!)![1]!, feedUrl).href
  }
  const bare = await listen((request, response) => {
    const { body, headers } = canned[Number(request.url!.slice(1)) % canned.length]!
    response.writeHead(200, { 'content-type': 'application/hal+json', 'content-length': body.length, ...headers })
    response.end(body)
  })
  const compared = await pairs(
    reading({ kind: 'pages', url: start, parse: false, most }),
    reading({ kind: 'pages', url: `${bare}/0`, parse: false, most }),
  )
  return against('cached pages', compared, 0.8, 'canned bytes')
}

/** Pages read from Postgres each time (a limit keeps them out of the cache), parsed by the client. */
async function pages(): Promise<Line[]> {
  const sql = 'select * from headwater.event where position > $1 order by position limit 1000'
  const bare = await listen(async (request, response) => {
    const after = Number(new URL(request.url!, 'http://bank').searchParams.get('after') ?? 0)
    const { rows } = await pool.query({ name: 'page', text: sql, values: [after] })
    const shown = rows.map((row) => ({
      specversion: '1.0',
      id: row.id,
      source: '/pots',
      type: row.type,
      subject: row.stream,
      time: row.occurred_at,
      datacontenttype: 'application/json',
      position: Number(row.position),
      streamversion: Number(row.version),
      schemaversion: row.schema_version,
      recordedtime: row.recorded_at,
      correlationid: row.correlation_id,
      causationid: row.causation_id,
      data: row.data,
    }))
    const last = after + rows.length
    const body = JSON.stringify({ events: shown, atEnd: last >= total, _links: { next: { href: `/?after=${last}` } } })
    response.writeHead(200, { 'content-type': 'application/hal+json' })
    response.end(body)
  })
  const compared = await pairs(
    reading({ kind: 'pages', url: `${feedUrl}?limit=1000`, parse: true, most: 1e9 }),
    reading({ kind: 'pages', url: `${bare}/?after=0`, parse: true, most: 1e9 }),
  )
  return against('JSON pages', compared, 0.9, 'pages built row by row')
}

/** Cost of a page at the start of history over cost of one at its end. */
async function flat(): Promise<Line[]> {
  const timed =
    (first: number): Runner =>
    async (ms) => {
      const end = performance.now() + ms
      let count = 0
      for (; performance.now() < end; count++) {
        await (await fetch(`${feedUrl}?after=${first + (count % 10) * 1_000}&limit=1000`)).arrayBuffer()
      }
      return count
    }
  const { ratio } = await pairs(timed(total - 12_000), timed(0), 3)
  return [{ name: 'last page beside first', value: `${ratio.toFixed(2)} ×`, goal: '≥ 0.8 ×', met: ratio >= 0.8 }]
}

/** From the acknowledged append to the waiting reader. */
async function latency(): Promise<Line[]> {
  const count = full ? 4_000 : 1_000
  const start = await store.log.last()
  const polling = ask<{ seen: Record<string, number> }>({ kind: 'poll', url: feedUrl, until: start + count })
  await new Promise((resolve) => client.once('message', resolve))
  const acknowledged: Record<string, number> = {}
  const meta = { correlationId: 'c', causationId: 'c' }
  for (let n = 0; n < count; n++) {
    const due = performance.now() + 5
    const result = await store.append({
      streams: [{ stream: 'pot-late', events: [{ type: 'Saved', data: { n } }] }],
      meta,
    })
    if (result.kind === 'appended') acknowledged[result.last] = performance.timeOrigin + performance.now()
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  }
  const { seen } = await polling
  const waits = Object.entries(acknowledged).map(([position, at]) => Math.max(0, seen[position]! - at))
  return [
    atMost('append → long-poll answer, p50', percentile(waits, 0.5), 'ms', 5),
    atMost('append → long-poll answer, p99', percentile(waits, 0.99), 'ms', 25),
  ]
}

async function idle(): Promise<Line[]> {
  const seconds = full ? 30 : 12
  await ask({ kind: 'idle', url: feedUrl, count: 1_000 })
  const settle = 10_000 // the wait for news slows down as none comes
  await new Promise((resolve) => setTimeout(resolve, settle))
  const [before, cpu] = [queries, process.cpuUsage()]
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const { user, system } = process.cpuUsage(cpu)
  const asked = (queries - before) / seconds
  return [
    atMost('1,000 idle long-pollers', (user + system) / 1e4 / seconds, '% of a core', 5),
    atMost('queries of 1,000 idle long-pollers', asked, 'a second', 1),
  ]
}

function k(perSecond: number): string {
  return `${(perSecond / 1_000).toFixed(1)} k/s`
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!
}
