import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { throwAwayDatabase } from '@headwater/testing'
import {
  consumer,
  Poison,
  rebuildConsumer,
  rewindConsumer,
  runConsumer,
  keptTablesSql,
  type RunningConsumer,
} from './index.ts'
import { openShop, orders, problemsIn, record, type Shop, upTo } from '../test/orders.ts'

let shop: Shop
let running: RunningConsumer[] = []
beforeEach(async () => void (shop = await openShop(throwAwayDatabase)))
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()))
  running = []
  await shop.close()
})

const shipping = consumer('shipping', orders, {
  async Placed(data, context) {
    await record()(data, context)
    context.outbox(context.event.position)
  },
})

function start(options = {}): RunningConsumer {
  const one = runConsumer(shipping, { source: shop.source, keeper: shop.keeper, leaseMs: 600, ...options })
  running.push(one)
  return one
}

const inOutbox = async () => (await shop.keeper.outbox.list('shipping', { limit: 10_000 })).length
const empty = (tx: { query(sql: string): Promise<unknown> }) => tx.query('truncate effect')

describe('a rewind', () => {
  it('handles all again while the consumer runs, from an emptied table, and holds what goes outside', async () => {
    const before = shop.place(200)
    const one = start()
    await one.caughtUp({ orders: before })
    await rewindConsumer(shipping, { source: shop.source, keeper: shop.keeper, to: 'start', reset: empty })
    await expect.poll(() => shop.effects().then((all) => all.length), { timeout: 10_000 }).toBe(before)
    const last = shop.place(50)
    await one.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    expect(await inOutbox()).toBe(last)
  })

  it('sets back to a position, and leaves slots that were not that far', async () => {
    const before = shop.place(100, 100)
    await (await started(before)).stop()
    await rewindConsumer(shipping, {
      source: shop.source,
      keeper: shop.keeper,
      to: { positions: { orders: 40 } },
      reset: empty,
    })
    const last = shop.place(10, 10)
    const one = start()
    await one.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(last).slice(40))).toEqual([])
  })

  it('sets back to a time', async () => {
    shop.source.append(
      'orders',
      ...upTo(30).map((n) => ({
        type: 'Placed',
        stream: `order-${n}`,
        data: {},
        recordedAt: `2026-01-01T00:00:${String(n).padStart(2, '0')}.000000Z`,
      })),
    )
    await (await started(30)).stop()
    await rewindConsumer(shipping, {
      source: shop.source,
      keeper: shop.keeper,
      to: { time: '2026-01-01T00:00:21Z' },
      reset: empty,
    })
    await (await started(30)).stop()
    expect(problemsIn(await shop.effects(), upTo(30).slice(20))).toEqual([])
  })

  it('is refused while parked events wait, whose effects outside would be lost', async () => {
    const declaration = consumer('shipping', orders, {
      Placed() {
        throw new Poison('no')
      },
    })
    const one = runConsumer(declaration, { source: shop.source, keeper: shop.keeper })
    await one.caughtUp({ orders: shop.place(1) })
    await one.stop()
    const back = { source: shop.source, keeper: shop.keeper, to: 'start' as const }
    await expect(rewindConsumer(shipping, back)).rejects.toMatchObject({ code: 'HW_PARKED_BEFORE_REPLAY' })
    await rewindConsumer(shipping, { ...back, hold: false })
    await (await started(1)).stop()
    expect(await inOutbox()).toBe(1)
  })
})

async function started(position: number): Promise<RunningConsumer> {
  const one = start()
  await one.caughtUp({ orders: position })
  return one
}

describe('a rebuild beside the live consumer', () => {
  const keeps = {
    schema: 'insights',
    tables: 'create table total (stream text primary key, amount bigint not null, events int not null)',
  }
  const totals = consumer(
    'totals',
    orders,
    {
      async Placed({ amount }, { event, query, outbox }) {
        await query(
          `insert into total (stream, amount, events) values ($1, $2, 1)
         on conflict (stream) do update set amount = total.amount + excluded.amount, events = total.events + 1`,
          [event.stream, amount],
        )
        outbox(event.position)
      },
    },
    { keeps },
  )

  async function live(): Promise<RunningConsumer> {
    for (let process = 0; process < 2; process++) await shop.pool.query(keptTablesSql(keeps))
    const one = runConsumer(totals, { source: shop.source, keeper: shop.keeper, leaseMs: 600 })
    running.push(one)
    return one
  }
  const counted = async () =>
    (await shop.pool.query('select sum(events)::int as events, sum(amount)::int as amount from insights.total')).rows[0]

  it('equals the live one at each moment, switches at once, and makes no effect outside twice', async () => {
    const one = await live()
    await one.caughtUp({ orders: shop.place(500, 37) })
    await shop.pool.query(`update insights.total set amount = -1`) // what a rebuild is for
    let done = false
    const seen: number[] = []
    const traffic = (async () => {
      while (!done) {
        await one.caughtUp({ orders: shop.place(7, 37) }).catch(() => undefined)
        seen.push((await counted()).events)
      }
    })()
    await rebuildConsumer(totals, { source: shop.source, keeper: shop.keeper })
    done = true
    await traffic
    const last = shop.place(10, 37)
    await one.caughtUp({ orders: last })
    const placed = await shop.pool.query(
      `select count(*)::int as n from headwater.consumer_outbox where consumer = 'totals'`,
    )
    expect(await counted()).toMatchObject({ events: last })
    expect((await counted()).amount).toBeGreaterThan(0)
    expect(placed.rows[0].n).toBe(last)
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(500)
    await leftNothing()
  })

  const leftNothing = async () => {
    const { rows } = await shop.pool.query(`select nspname from pg_namespace where nspname like 'insights%'`)
    expect(rows).toEqual([{ nspname: 'insights' }])
    expect(await shop.keeper.progress('totals+rebuild')).toEqual([])
  }

  it('leaves nothing where it is refused because of parked events', async () => {
    const one = await live()
    await one.caughtUp({ orders: shop.place(50, 5) })
    await shop.pool.query('alter table insights.total add check (events <= 10)')
    await one.caughtUp({ orders: shop.place(5, 5) })
    await expect(rebuildConsumer(totals, { source: shop.source, keeper: shop.keeper })).rejects.toMatchObject({
      code: 'HW_PARKED_BEFORE_REPLAY',
    })
    await leftNothing()
  })

  it('leaves the live one as it was when the new handler cannot handle history', async () => {
    const one = await live()
    await one.caughtUp({ orders: shop.place(50, 5) })
    const broken = {
      ...totals,
      handlers: {
        Placed() {
          throw Object.assign(new Error('stop'), { code: 'HW_FATAL' })
        },
      },
    }
    await expect(rebuildConsumer(broken, { source: shop.source, keeper: shop.keeper })).rejects.toThrow('stop')
    expect(await counted()).toMatchObject({ events: 50 })
    await leftNothing()
    await one.caughtUp({ orders: shop.place(5, 5) })
    expect(await counted()).toMatchObject({ events: 55 })
  })
})
