import { events } from '@headwater/contract'
import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import {
  decider,
  type EventStore,
  execute,
  followLog,
  migrate,
  openStore,
  projection,
  rebuild,
  sqlProjection,
} from './index.ts'

const facts = events('bank', {
  Moved: { data: z.object({ accountId: z.string(), amountMinor: z.int() }) },
  Closed: { data: z.object({ accountId: z.string() }) },
  Noise: { data: z.object({}) },
})
const balances = projection('balances', facts, {
  key: (event) => (event.type === 'Noise' ? undefined : event.data.accountId),
  initial: () => ({ balance: 0, moves: 0 }),
  on: {
    Moved: ({ balance, moves }, { amountMinor }) => ({ balance: balance + amountMinor, moves: moves + 1 }),
    Closed: () => undefined,
  },
})
const totals = sqlProjection('totals', facts, {
  types: ['Moved'],
  select: `select data->>'accountId' as key, to_jsonb(sum((data->>'amountMinor')::bigint)) as value from events group by 1`,
  merge: `to_jsonb((old.value)::bigint + (excluded.value)::bigint)`,
})
const account = decider('account', facts, {
  commands: { move: z.object({ amountMinor: z.int() }), close: z.object({}) },
  initialState: () => ({ balance: 0 }),
  decide: {
    move: ({ amountMinor }, _, { id }) => [facts.Moved({ accountId: id, amountMinor })],
    close: (_, __, { id }) => [facts.Closed({ accountId: id })],
  },
  evolve: {
    Moved: ({ balance }, { amountMinor }) => ({ balance: balance + amountMinor }),
    Closed: () => ({ balance: 0 }),
    Noise: (state) => state,
  },
})
const rich = {
  name: 'rich',
  decider: account,
  rows: (_: unknown, { id, state }: { id: string; state: { balance: number } }) => [
    { key: id, ...(state.balance >= 50 ? { value: state.balance } : {}) },
  ],
}

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let store: EventStore
let schema: string
let count = 0

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 12 })
})
beforeEach(async () => {
  schema = `log_${++count}`
  await migrate(pool, { schema })
  store = openStore({ pool, service: 'bank', schema })
})
afterEach(() => store.close())
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const meta = { correlationId: 'c', causationId: 'c' }
const rows = async (name: string) =>
  Object.fromEntries(
    (await pool.query(`select key, value from ${schema}.rows where projection = $1 order by key`, [name])).rows.map(
      ({ key, value }) => [key, value],
    ),
  )
const act = (index: number) => {
  const id = `a${(index * 7) % 13}`
  if (index % 11 === 10) return execute(store, account, id, account.close, {}, { meta, inline: [rich] })
  return execute(store, account, id, account.move, { amountMinor: (index % 9) * 5 - 10 }, { meta, inline: [rich] })
}
const traffic = async (from: number, to: number) => {
  for (let index = from; index < to; index += 10)
    await Promise.all(Array.from({ length: 10 }, (_, nth) => act(index + nth)))
}

/** What the rows must be, by plain arithmetic over the log. */
async function truth() {
  const sums = new Map<string, { balance: number; moves: number }>()
  const moved = new Map<string, number>()
  for (const { type, data: text } of await store.log.rows({ after: 0, limit: 100_000 })) {
    const { accountId, amountMinor } = JSON.parse(text)
    if (type === 'Closed') sums.delete(accountId)
    if (type !== 'Moved') continue
    const { balance, moves } = sums.get(accountId) ?? { balance: 0, moves: 0 }
    sums.set(accountId, { balance: balance + amountMinor, moves: moves + 1 })
    moved.set(accountId, (moved.get(accountId) ?? 0) + amountMinor)
  }
  const richOnes = [...sums].filter(([, { balance }]) => balance >= 50).map(([id, { balance }]) => [id, balance])
  return { balances: Object.fromEntries(sums), totals: Object.fromEntries(moved), rich: Object.fromEntries(richOnes) }
}

it('follows the log, each kind to the same rows as plain arithmetic', async () => {
  const following = followLog(store, [balances, totals])
  await traffic(0, 300)
  const last = await store.log.last()
  expect(await following.reached('balances', last, { waitMs: 10_000 })).toBe(true)
  expect(await following.reached('totals', last, { waitMs: 10_000 })).toBe(true)
  expect(await following.reached('totals', last + 1, { waitMs: 1 })).toBe(false)
  const expected = await truth()
  expect(await rows('balances')).toEqual(expected.balances)
  expect(await rows('totals')).toEqual(expected.totals)
  expect(await rows('rich')).toEqual(expected.rich)
  expect(await following.status()).toMatchObject([{ projection: 'balances', position: last, lag: 0 }, {}])
  await following.stop()
})

it('rebuilds beside the live rows while traffic goes on, and gives equal ones', async () => {
  const following = followLog(store, [balances, totals, rich])
  await traffic(0, 100)
  const seen: number[] = []
  const onProgress = ({ position }: { position: number }) => void seen.push(position)
  const [, ...rebuilt] = await Promise.all([
    traffic(100, 400),
    rebuild(store, balances, { onProgress }),
    rebuild(store, totals),
    rebuild(store, rich),
  ])
  await traffic(400, 420)
  const last = await store.log.last()
  for (const name of ['balances', 'totals']) await following.reached(name, last, { waitMs: 10_000 })
  const expected = await truth()
  expect(await rows('balances')).toEqual(expected.balances)
  expect(await rows('totals')).toEqual(expected.totals)
  expect(await rows('rich')).toEqual(expected.rich)
  expect(rebuilt.every(({ build }) => build > 1)).toBe(true)
  expect(seen.length).toBeGreaterThan(0)
  const builds = await pool.query(
    `select projection, count(distinct build)::int as builds from ${schema}.row group by 1`,
  )
  expect(builds.rows.every(({ builds }) => builds === 1)).toBe(true)
  await following.stop()
})

it('switches inline rows while writers never pause', async () => {
  await traffic(0, 20)
  const stop = new AbortController()
  const stores = Array.from({ length: 3 }, () => openStore({ pool, service: 'bank', schema }))
  const writers = Array.from({ length: 18 }, async (_, writer) => {
    while (!stop.signal.aborted)
      await execute(
        stores[writer % 3]!,
        account,
        `w${writer}`,
        account.move,
        { amountMinor: 10 },
        { meta, inline: [rich] },
      )
  })
  await rebuild(store, rich, { signal: AbortSignal.timeout(20_000) }).finally(() => stop.abort())
  await Promise.all(writers)
  await Promise.all(stores.map((one) => one.close()))
  expect(await rows('rich')).toEqual((await truth()).rich)
})

it('is shared by processes: each event once, and another takes over', async () => {
  const stores = [store, openStore({ pool, service: 'bank', schema })]
  const followings = stores.map((one) => followLog(one, [balances]))
  await traffic(0, 100)
  await followings[0]!.stop()
  await traffic(100, 200)
  expect(await followings[1]!.reached('balances', await store.log.last(), { waitMs: 10_000 })).toBe(true)
  expect(await rows('balances')).toEqual((await truth()).balances)
  await followings[1]!.stop()
})

it('makes rows anew at start when the code that makes them has changed', async () => {
  const first = followLog(store, [balances, rich])
  await traffic(0, 50)
  await first.reached('balances', await store.log.last(), { waitMs: 10_000 })
  await first.stop()
  const counts = projection('balances', facts, {
    key: (event) => event.stream,
    initial: () => ({ events: 0 }),
    on: { Moved: ({ events }) => ({ events: events + 1 }) },
  })
  const poor = {
    ...rich,
    rows: (_: unknown, { id, state }: { id: string; state: { balance: number } }) => [
      { key: id, value: -state.balance },
    ],
  }
  const second = followLog(store, [counts, poor])
  expect(await second.reached('balances', await store.log.last(), { waitMs: 10_000 })).toBe(true)
  const negative = async () => Object.values(await rows('rich')).some((value) => (value as number) < 0)
  await expect.poll(negative, { timeout: 20_000 }).toBe(true)
  await second.stop()
  const moves = (await store.log.rows({ after: 0, limit: 1000, types: ['Moved'] })).length
  const made = Object.values(await rows('balances')) as { events: number }[]
  expect(made.reduce((sum, { events }) => sum + events, 0)).toBe(moves)
})

it('takes up a rebuild that was left half-way, and gives the same rows in batches of any size', async () => {
  await traffic(0, 100)
  const expected = await truth()
  const kinds = { balances, totals, rich }
  for (const [batchEvents, left] of [
    [1, 3],
    [7, 2],
    [50, 1],
  ] as const) {
    for (const [name, declared] of Object.entries(kinds)) {
      const stop = new AbortController()
      let steps = 0
      const onProgress = () => ++steps === left && stop.abort(new Error('killed'))
      const killed = rebuild(store, declared, { onProgress, batchEvents, signal: stop.signal })
      await expect(killed).rejects.toThrow('killed')
      await rebuild(store, declared, { batchEvents })
      expect(await rows(name)).toEqual(expected[name as keyof typeof expected])
    }
  }
})

it('goes on from what a standby had seen that took over, also where this process had seen more', async () => {
  const following = followLog(store, [balances, totals])
  await traffic(0, 40)
  await following.reached('balances', 40, { waitMs: 10_000 })
  await following.reached('totals', 40, { waitMs: 10_000 })
  await following.stop()
  // The standby had seen half of it. Nothing tells this process; its connections are those it had.
  await pool.query(`delete from ${schema}.event where position > 20`)
  await pool.query(`delete from ${schema}.row where projection in ('balances', 'totals')`)
  await pool.query(`update ${schema}.build set position = 0`)
  await rebuild(store, rich)
  const again = followLog(store, [balances, totals])
  await again.reached('balances', 20, { waitMs: 10_000 })
  await traffic(40, 60)
  const last = await store.log.last()
  expect(last).toBeGreaterThan(20)
  for (const name of ['balances', 'totals']) expect(await again.reached(name, last, { waitMs: 10_000 })).toBe(true)
  const { balances: sums, totals: moved, rich: richOnes } = await truth()
  expect(await rows('balances')).toEqual(sums)
  expect(await rows('totals')).toEqual(moved)
  expect(await rows('rich')).toEqual(richOnes)
  await again.stop()
})
