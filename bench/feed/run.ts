// `npm run bench -- feed`: events over HTTP beside the barest servers that could give them.
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { contractOf, events } from '@headwater/contract'
import { type EventStore, migrate, openStore } from '@headwater/event-store'
import { feed } from '@headwater/feed'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { z } from 'zod'
import { type Goal, report } from '../harness/goals.ts'
import { alternate, percentile } from '../harness/pairs.ts'

const full = process.argv.includes('--full')
const total = full ? 1_000_000 : 200_000
const atLeastMs = full ? 3_000 : 1_500
const pairs = full ? 5 : 3
const contract = contractOf(events('pots', { Saved: { data: z.any(), level: 'published' } }))

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
await migrate(pool)
await fill()
const store = openStore({ pool, service: 'pots' })
const servers: http.Server[] = []
const client = fork(new URL('client.ts', import.meta.url), { execArgv: ['--import', 'tsx'] })
const everyone = { perSecond: 1e9, burst: 1e9 }
const serve = feed({ log: store.log, contract, open: true, cacheBytes: 1 << 30, rate: everyone })
const ours = await listen(getRequestListener((request) => serve(request), { overrideGlobalObjects: false }))
const feedUrl = `${ours}/events`

try {
  const goals: Goal[] = [
    await lines(),
    await cachedPages(),
    await jsonPages(),
    await flat(),
    ...(await latency(store)),
    ...(await idle()),
  ]
  const [ndjson, cached, json] = goals
  report(
    'feed',
    goals,
    `feed: lines ${ndjson!.measured.toFixed(2)} × bare COPY, cached pages ${cached!.measured.toFixed(2)} × canned bytes, JSON pages ${json!.measured.toFixed(2)} × row by row`,
  )
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

async function rate(job: object): Promise<number> {
  const { events: count, ms } = await ask<{ events: number; ms: number }>({ ...job, atLeastMs })
  return (count / ms) * 1_000
}

async function lines(): Promise<Goal> {
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
  const {
    ratio,
    least,
    greatest,
    ours: mine,
    peer,
  } = await alternate(
    () => rate({ kind: 'drain', url: feedUrl, accept }),
    () => rate({ kind: 'drain', url: bare, accept }),
    pairs,
  )
  const beside = `${k(mine)} beside ${k(peer)} of node:http piping COPY (${least.toFixed(2)}–${greatest.toFixed(2)})`
  return { name: 'lines', measured: ratio, unit: '×', least: 0.8, beside }
}

/** Pages from memory beside the same bytes from memory. */
async function cachedPages(): Promise<Goal> {
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
  const {
    ratio,
    least,
    greatest,
    ours: mine,
    peer,
  } = await alternate(
    () => rate({ kind: 'pages', url: start, parse: false }),
    () => rate({ kind: 'pages', url: `${bare}/0`, parse: false }),
    pairs,
  )
  const beside = `${k(mine)} beside ${k(peer)} of canned bytes (${least.toFixed(2)}–${greatest.toFixed(2)})`
  return { name: 'cached pages', measured: ratio, unit: '×', least: 0.8, beside }
}

/** Pages read from Postgres each time (a limit keeps them out of the cache), parsed by the client. */
async function jsonPages(): Promise<Goal> {
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
  const {
    ratio,
    least,
    greatest,
    ours: mine,
    peer,
  } = await alternate(
    () => rate({ kind: 'pages', url: `${feedUrl}?limit=1000`, parse: true }),
    () => rate({ kind: 'pages', url: `${bare}/?after=0`, parse: true }),
    pairs,
  )
  const beside = `${k(mine)} beside ${k(peer)} built row by row (${least.toFixed(2)}–${greatest.toFixed(2)})`
  return { name: 'JSON pages', measured: ratio, unit: '×', least: 0.9, beside }
}

/** Cost of a page at the end over cost at the start. */
async function flat(): Promise<Goal> {
  const timed = async (after: number) => {
    const startedAt = performance.now()
    for (let n = 0; n < 10; n++) await (await fetch(`${feedUrl}?after=${after + n * 1_000}&limit=1000`)).arrayBuffer()
    return 1 / (performance.now() - startedAt)
  }
  const { ratio } = await alternate(
    () => timed(0),
    () => timed(total - 12_000),
    5,
  )
  return { name: 'last page / first page', measured: ratio, unit: '×', most: 1.3, beside: 'cost of a page of 1,000' }
}

/** From the acknowledged append to the waiting reader. */
async function latency(events_: EventStore): Promise<Goal[]> {
  const count = full ? 4_000 : 1_000
  const start = await events_.log.last()
  const polling = ask<{ seen: Record<string, number> }>({ kind: 'poll', url: feedUrl, until: start + count })
  await new Promise((resolve) => client.once('message', resolve))
  const acknowledged: Record<string, number> = {}
  const meta = { correlationId: 'c', causationId: 'c' }
  for (let n = 0; n < count; n++) {
    const due = performance.now() + 5
    const result = await events_.append({
      streams: [{ stream: 'pot-late', events: [{ type: 'Saved', data: { n } }] }],
      meta,
    })
    if (result.kind === 'appended') acknowledged[result.last] = performance.timeOrigin + performance.now()
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  }
  const { seen } = await polling
  const waits = Object.entries(acknowledged).map(([position, at]) => Math.max(0, seen[position]! - at))
  const beside = `append acknowledged → long-poll answer, ${count} events at about 200 a second`
  return [
    { name: 'answer p50', measured: percentile(waits, 0.5), unit: 'ms', most: 5, beside },
    { name: 'answer p99', measured: percentile(waits, 0.99), unit: 'ms', most: 25 },
  ]
}

async function idle(): Promise<Goal[]> {
  const seconds = full ? 30 : 12
  await ask({ kind: 'idle', url: feedUrl, count: 1_000 })
  const settle = 10_000 // the wait for news slows down as none comes
  await new Promise((resolve) => setTimeout(resolve, settle))
  const queries = async () => {
    const { rows } = await pool.query('select xact_commit from pg_stat_database where datname = current_database()')
    return Number(rows[0].xact_commit)
  }
  const [before, cpu] = [await queries(), process.cpuUsage()]
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const { user, system } = process.cpuUsage(cpu)
  const asked = ((await queries()) - before) / seconds
  return [
    { name: '1,000 idle long-pollers', measured: (user + system) / 1e4 / seconds, unit: '% of a core', most: 5 },
    { name: 'their queries', measured: asked, unit: '/s', most: 1 },
  ]
}

function k(perSecond: number): string {
  return `${(perSecond / 1_000).toFixed(1)} k/s`
}
