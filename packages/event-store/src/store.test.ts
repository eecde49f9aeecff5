import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { adopt, type Append, type EventStore, JsonText, migrate, openStore } from './index.ts'

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let store: EventStore
let count = 0

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 8 })
})
beforeEach(async () => {
  const schema = `log_${++count}`
  await migrate(pool, { schema })
  store = openStore({ pool, service: 'pots', schema })
})
afterEach(() => store.close())
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const meta = { correlationId: 'c', causationId: 'c' }
const saved = (amountMinor: number, id?: string) => ({
  type: 'Saved',
  data: { amountMinor },
  ...(id === undefined ? {} : { id }),
})
const to = (stream: string, events: readonly ReturnType<typeof saved>[], expected?: number): Append => ({
  streams: [{ stream, events, ...(expected === undefined ? {} : { expected }) }],
  meta,
})
const appended = (first: number, last: number, versions: number[], repeated = false) => ({
  kind: 'appended',
  first,
  last,
  versions,
  repeated,
})

it('gives positions 1, 2, 3… and versions in each stream', async () => {
  expect(await store.append(to('pot-1', [saved(1), saved(2)], 0))).toEqual(appended(1, 2, [2]))
  expect(await store.append(to('pot-2', [saved(3)]))).toEqual(appended(3, 3, [1]))
  expect(await store.append(to('pot-1', [saved(4)], 2))).toEqual(appended(4, 4, [3]))
  const events = await store.read('pot-1')
  expect(events.map(({ position, version, data }) => [position, version, data.amountMinor])).toEqual([
    [1, 1, 1],
    [2, 2, 2],
    [4, 3, 4],
  ])
  expect(await store.read('pot-1', { from: 2, to: 2 })).toMatchObject([{ version: 2 }])
})

it('answers a conflict where the stream is elsewhere, and records nothing', async () => {
  await store.append(to('pot-1', [saved(1)]))
  const conflict = { kind: 'conflict', stream: 'pot-1', expected: 0, actual: 1 }
  expect(await store.append(to('pot-1', [saved(2)], 0))).toEqual(conflict)
  expect(await store.append(to('pot-1', [saved(2), saved(3)], 0))).toEqual(conflict)
  expect(await store.log.last()).toBe(1)
})

it('is all or nothing over several streams; no events make a check alone', async () => {
  await store.append(to('pot-1', [saved(1)]))
  const both = (expected: number): Append => ({
    streams: [
      { stream: 'pot-2', expected: 0, events: [saved(2)] },
      { stream: 'pot-1', expected, events: [] },
    ],
    meta,
  })
  expect(await store.append(both(0))).toEqual({ kind: 'conflict', stream: 'pot-1', expected: 0, actual: 1 })
  expect(await store.read('pot-2')).toEqual([])
  expect(await store.append(both(1))).toEqual(appended(2, 2, [1, 1]))
})

it('gives each of many appends at once its own result, without holes', async () => {
  await store.append(to('pot-0', [saved(0)]))
  const results = await store.append([
    to('pot-1', [saved(1), saved(2)], 0),
    to('pot-0', [saved(3)], 0),
    to('pot-2', [saved(4)], 0),
    to('pot-1', [saved(5)], 2),
    to('pot-1', [saved(6)], 2),
    to('pot-3', [saved(7, 'a'), saved(8, 'a2')]),
    to('pot-3', [saved(7, 'a'), saved(8, 'a2')]),
    to('pot-3', [saved(9, 'a'), saved(8, 'a2')]),
    to('pot-4', [saved(9, 'a2')]),
    to('pot-5', [saved(9, 'b')]),
  ])
  const kinds = results.map((result) => (result.kind === 'appended' && result.repeated ? 'repeated' : result.kind))
  expect(kinds).toEqual([
    'appended',
    'conflict',
    'appended',
    'appended',
    'conflict',
    'appended',
    'repeated',
    'id-reused',
    'id-reused',
    'appended',
  ])
  expect(results[6]).toEqual({ ...results[5], repeated: true })
  const rows = await store.log.rows({ after: 0, limit: 100 })
  expect(rows.map(({ position }) => position)).toEqual(rows.map((_, index) => index + 1))
  expect(rows).toHaveLength(8)
})

it('refuses ids of which only some are known', async () => {
  await store.append(to('pot-1', [saved(1, 'a')]))
  expect(await store.append(to('pot-1', [saved(1, 'a'), saved(2, 'b')]))).toEqual({ kind: 'id-reused', ids: ['a'] })
})

it.each([
  ['U+0000', to('pot-1', [{ type: 'Saved', data: { amountMinor: 'a\0b' as never } }])],
  ['half a surrogate pair', to('pot-1', [{ type: 'Saved', data: { amountMinor: '\ud800' as never } }])],
  ['1048576 characters', to('pot-1', [{ type: 'Saved', data: { amountMinor: 'x'.repeat(1_048_576) as never } }])],
  ['a stream like', to('nodash', [saved(1)])],
  ['an event type like', to('pot-1', [{ type: 'saved', data: { amountMinor: 1 } }])],
  ['an event id', to('pot-1', [saved(1, 'a"b')])],
  ['each stream once', { streams: [to('pot-1', []).streams[0]!, to('pot-1', []).streams[0]!], meta }],
] as [string, Append][])('refuses what cannot be kept, before it reaches a batch: %s', async (message, append) => {
  await expect(store.append(append)).rejects.toThrow(message)
  await expect(store.append(append)).rejects.toMatchObject({ code: 'HW_INVALID_APPEND' })
  expect(await store.append(to('pot-1', [saved(1)]))).toMatchObject({ kind: 'appended', first: 1 })
})

it('keeps data byte for byte', async () => {
  const text = '{"b":1.0,"a":1e2,"a":"\\u00e9 é \\\\ud800 😀","n":12345678901234567890}'
  await store.append({ streams: [{ stream: 'pot-1', events: [{ type: 'Saved', data: new JsonText(text) }] }], meta })
  expect((await store.log.rows({ after: 0, limit: 1 }))[0]!.data).toBe(text)
  const chunks = []
  for await (const chunk of store.log.copy({ after: 0, upTo: 1 })) chunks.push(chunk)
  expect(Buffer.concat(chunks).toString().endsWith(`"data":${text}}\n`)).toBe(true)
})

it('reads all of the log as it was appended, over many pages, each event on a line also when SQL wrote it on several', async () => {
  const note = 'é 😀 %s "\\ \u2028'
  const events = Array.from({ length: 4_999 }, (_, n) => ({ type: 'Saved', data: { n, note: note.repeat(n % 20) } }))
  for (const stream of ['pot-é', 'pot-2'])
    await store.append({ streams: [{ stream, events }], meta: { ...meta, traceparent: `00-${stream}` } })
  await pool.query(`select log_${count}.append('pot-3', $1)`, ['[{"type": "Saved", "data": {\n  "n":\r\n 1\n}}]'])
  const rows = await store.log.rows({ after: 0, limit: 10_000 })
  const read = []
  for await (const event of store.log.read({ after: 0 })) read.push(event)
  expect(read).toEqual(rows.map((row) => ({ ...row, data: JSON.parse(row.data) })))
  const chunks = []
  for await (const chunk of store.log.copy({ after: 0, upTo: 10_000 })) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().split('\n')
  expect(lines.pop()).toBe('')
  expect(lines.map((line) => JSON.parse(line).data)).toEqual(read.map(({ data }) => data))
})

it('writes rows of inline projections with their append, the last of a key, and deletes', async () => {
  const put = (key: string, value?: unknown) => ({
    projection: 'balance',
    key,
    ...(value === undefined ? {} : { value }),
  })
  await store.append([
    { ...to('pot-1', [saved(1)], 0), rows: [put('a', 1), put('b', 1)] },
    { ...to('pot-2', [saved(1)], 5), rows: [put('a', 99)] },
    { ...to('pot-3', [saved(1)], 0), rows: [put('a', 2), put('b')] },
  ])
  const { rows } = await pool.query(`select projection, key, value from log_${count}.rows`)
  expect(rows).toEqual([{ projection: 'balance', key: 'a', value: 2 }])
})

it('wakes waiters after an append of its own, and of another process', async () => {
  const other = openStore({ pool, service: 'pots', schema: `log_${count}` })
  const waits = [store, other].map(({ log }) => log.waitFor(0, { waitMs: 10_000 }))
  await store.append(to('pot-1', [saved(1)]))
  expect(await Promise.all(waits)).toEqual([1, 1])
  expect(await store.log.waitFor(1, { waitMs: 1 })).toBe(1)
  const aborted = store.log.waitFor(1, { waitMs: 10_000, signal: AbortSignal.abort(new Error('enough')) })
  await expect(aborted).rejects.toThrow('enough')
})

it('finds positions by id, time and type', async () => {
  await store.append(to('pot-1', [saved(1, 'a')]))
  await store.append({ streams: [{ stream: 'pot-1', events: [{ id: 'b', type: 'Closed', data: {} }] }], meta })
  const [, second] = await store.log.rows({ after: 0, limit: 10 })
  expect(await store.log.idAt(2)).toBe('b')
  expect(await store.log.idAt(3)).toBeUndefined()
  expect(await store.log.positionOf('b')).toBe(2)
  expect(await store.log.positionOf('z')).toBeUndefined()
  expect(await store.log.before(second!.recordedAt)).toBe(1)
  expect(await store.log.before('2999-01-01T00:00:00Z')).toBe(2)
  expect(await store.log.before('1999-01-01T00:00:00Z')).toBe(0)
  expect(await store.log.lastOf(['Saved'], 2)).toBe(1)
  expect(await store.log.rows({ after: 0, limit: 10, types: ['Closed'] })).toMatchObject([{ position: 2 }])
})

it('copies CloudEvents, one a line', async () => {
  await store.append([to('pot-1', [saved(1)]), to('pot-2', [saved(2)]), to('pot-3', [saved(3)])])
  let text = ''
  for await (const chunk of store.log.copy({ after: 1, upTo: 2, types: ['Saved', "O'Hara"] })) text += chunk.toString()
  const [row] = await store.log.rows({ after: 1, limit: 1 })
  expect(JSON.parse(text)).toEqual({
    specversion: '1.0',
    id: row!.id,
    source: '/pots',
    type: 'Saved',
    subject: 'pot-2',
    time: row!.occurredAt,
    datacontenttype: 'application/json',
    position: 2,
    streamversion: 1,
    schemaversion: 1,
    recordedtime: row!.recordedAt,
    correlationid: 'c',
    causationid: 'c',
    data: { amountMinor: 2 },
  })
})

it('forks where the backup ended, also when events came before that was said', async () => {
  const [before] = await store.log.lineage()
  await store.append(to('pot-1', [saved(1), saved(2), saved(3)]))
  await expect(adopt(pool, { schema: `log_${count}`, at: 4 })).rejects.toMatchObject({ code: 'HW005' })
  const { log, ...fork } = await adopt(pool, { schema: `log_${count}`, at: 2 })
  expect(fork).toEqual({ parent: before!.log, forkedAt: 2 })
  await expect(adopt(pool, { schema: `log_${count}`, at: 1 })).rejects.toMatchObject({ code: 'HW005' })
  expect(await adopt(pool, { schema: `log_${count}` })).toMatchObject({ parent: log, forkedAt: 3 })
})
