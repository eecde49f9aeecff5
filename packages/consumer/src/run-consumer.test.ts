import { throwAwayDatabase } from '@headwater/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { consumer, postgresKeeper, runConsumer, type RunOptions, type RunningConsumer } from './index.ts'
import { orders, problemsIn, record, refunds, upTo, type Shop } from '../test/orders.ts'
import { shopOfEachTest } from '../test/starting.ts'

const { shop: shopOfThis, start } = shopOfEachTest(throwAwayDatabase)
let shop: Shop
beforeEach(() => void (shop = shopOfThis()))

const shipping = consumer('shipping', orders, { Placed: record() })

describe('a consumer', () => {
  it('handles all of history once, in the order of each stream, and then what comes', async () => {
    const history = shop.place(1_000)
    const one = start(shipping)
    await one.caughtUp({ orders: history })
    const later = shop.place(200, 300)
    await one.caughtUp({ orders: later })
    expect(problemsIn(await shop.effects(), upTo(later))).toEqual([])
    expect(one.status()).toMatchObject({ state: 'running', handled: 1_200, members: 1, parkedKeys: 0, waiting: 0 })
    expect(one.status().services).toMatchObject([
      { service: 'orders', slots: 1024, handled: later, lagEvents: 0, lagSeconds: 0 },
    ])
  })

  it('goes on where it was, though it never wrote down slots that had no events', async () => {
    const first = start(shipping)
    await first.caughtUp({ orders: shop.place(3, 3) })
    await first.stop()
    const last = shop.place(300, 7)
    const second = start(shipping)
    await second.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
  })

  it('reads only the types it handles, and still arrives at positions between them', async () => {
    shop.place(5)
    const last = shop.source.append('orders', { type: 'Cancelled', stream: 'order-1', data: {} })
    const one = start(shipping)
    await one.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(5))).toEqual([])
  })

  it('begins after what is there when it says so', async () => {
    const before = shop.place(20)
    const one = start(consumer('shipping', orders, { Placed: record() }, { from: 'now' }))
    await one.caughtUp({ orders: before })
    const last = shop.place(20)
    await one.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(last).slice(before))).toEqual([])
  })

  it('lets all its lanes back off at once without a warning of a leak', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warned)
    const last = shop.place(500)
    let failed = 0
    const again = () => Promise.reject(Object.assign(new Error('again'), { code: '40001' }))
    const effects = {
      transact: (work: any): Promise<any> => (++failed <= 16 ? again() : shop.keeper.effects.transact(work)),
    }
    const both = consumer('both', [orders, refunds], { Placed: record('both'), Refunded: record('both') })
    await start(both, { effects, random: () => 0.9 }).caughtUp({ orders: last })
    process.off('warning', warned)
    expect(warnings.map(String)).toEqual([])
    expect(failed).toBeGreaterThan(16)
  })

  it('keeps neither effect nor checkpoint of a transaction that did not commit', async () => {
    shop.place(500)
    let [tries, broken] = [0, 0]
    const effects = {
      async transact(work: any) {
        return await shop.keeper.effects.transact(async (tx) => {
          const result = await work(tx)
          if (broken < 20 && tries++ % 2 === 0) {
            broken += 1
            throw Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' })
          }
          return result
        })
      },
    }
    const one = start(shipping, { effects: effects as RunOptions['effects'] & {} })
    await one.caughtUp({ orders: 500 })
    expect(problemsIn(await shop.effects(), upTo(500))).toEqual([])
    expect(broken).toBeGreaterThan(0)
  })

  it('waits while the server may not be written to, and goes on when it may', async () => {
    shop.place(100)
    let refusals = 0
    const effects = {
      async transact(work: any) {
        if (refusals++ < 12)
          throw Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' })
        return await shop.keeper.effects.transact(work)
      },
    }
    const one = start(shipping, { effects: effects as RunOptions['effects'] & {}, random: () => 0.01 })
    await one.caughtUp({ orders: 100 })
    expect(problemsIn(await shop.effects(), upTo(100))).toEqual([])
    expect(await shop.keeper.parked.list('shipping')).toEqual([])
  })

  it('finds out by the epoch that a commit of unknown outcome did go through', async () => {
    shop.place(500)
    let [tries, broken] = [0, 0]
    const effects = {
      async transact(work: any) {
        const result = await shop.keeper.effects.transact(work)
        if (broken < 20 && tries++ % 2 === 0) {
          broken += 1
          throw Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' })
        }
        return result
      },
    }
    const one = start(shipping, { effects: effects as RunOptions['effects'] & {} })
    await one.caughtUp({ orders: 500 })
    expect(problemsIn(await shop.effects(), upTo(500))).toEqual([])
  })

  it('handles the whole log in its order when asked to, in one lane', async () => {
    const last = shop.place(400, 40)
    const one = start(consumer('shipping', orders, { Placed: record() }, { order: 'log' }))
    await one.caughtUp({ orders: last })
    expect((await shop.effects()).map(({ position }) => position)).toEqual(upTo(last))
  })

  it('refuses the order of the whole log where the source cannot keep it', () => {
    const declaration = consumer('shipping', orders, { Placed: record() }, { order: 'log' })
    const source = { ...shop.source, order: 'key' as const }
    expect(() => runConsumer(declaration, { source, keeper: shop.keeper })).toThrow(/order of the whole log/)
  })

  it('gives set-based handlers many events at a time, in order', async () => {
    const last = shop.place(2_000, 50)
    let calls = 0
    const one = start(
      consumer('shipping', orders, {
        async batch(events, { query }) {
          calls += 1
          await query(
            `insert into effect (consumer, stream, position, id) select 'shipping', * from unnest($1::text[], $2::bigint[], $3::text[])`,
            [events.map(({ stream }) => stream), events.map(({ position }) => position), events.map(({ id }) => id)],
          )
        },
      }),
    )
    await one.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    expect(calls).toBeLessThan(400)
  })

  it('reads several services, each in its own order, beside other consumers of the process', async () => {
    const both = start(consumer('both', [orders, refunds], { Placed: record('both'), Refunded: record('both') }))
    const mirror = start(consumer('mirror', refunds, { Refunded: record('mirror') }, { order: 'log' }))
    const placed = shop.place(200)
    const refunded = shop.source.append(
      'refunds',
      ...upTo(150).map((n) => ({ type: 'Refunded', stream: `refund-${n % 9}`, data: {} })),
    )
    await both.caughtUp({ orders: placed, refunds: refunded })
    await mirror.caughtUp({ refunds: refunded })
    const effects = await shop.effects('both')
    const of = (kind: string) => effects.filter(({ stream }) => stream.startsWith(kind))
    expect(problemsIn(of('order'), upTo(placed))).toEqual([])
    expect(problemsIn(of('refund'), upTo(refunded))).toEqual([])
    expect((await shop.effects('mirror')).map(({ position }) => position)).toEqual(upTo(refunded))
    expect(both.status().services).toMatchObject([{ service: 'orders' }, { service: 'refunds', handled: refunded }])
    await expect(both.caughtUp({ cards: 1 })).rejects.toThrow(/reads orders, refunds, not cards/)
  })

  it('shares the connections of a pool with other keepers', async () => {
    const last = shop.place(20)
    for (const name of ['one', 'two']) {
      const keeper = postgresKeeper({ pool: shop.pool })
      const one = start(consumer(name, orders, { Placed: record(name) }), { keeper })
      await one.caughtUp({ orders: last })
      await one.stop()
    }
    expect((await shop.effects('one')).length + (await shop.effects('two')).length).toBe(40)
  })

  it('bounds what it has read and not handled', async () => {
    shop.place(1_000)
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    let most = 0
    const one: RunningConsumer = start(
      consumer(
        'shipping',
        orders,
        {
          async Placed(data, context) {
            most = Math.max(most, one.status().waiting)
            if (one.status().waiting >= 100) release()
            await gate
            await record()(data, context)
          },
        },
        { buffer: { events: 100 }, batch: { events: 10 } },
      ),
    )
    await one.caughtUp({ orders: 1_000 })
    expect(most).toBe(100)
    expect(problemsIn(await shop.effects(), upTo(1_000))).toEqual([])
  })
})

describe('several processes of a consumer', () => {
  it('share the slots, take over from those that leave, and lose and double nothing', async () => {
    shop.place(500, 100)
    const first = start(shipping, { member: 'a' })
    const second = start(shipping, { member: 'b' })
    shop.place(500, 100)
    await expect
      .poll(() => [first, second].map((one) => one.status().services[0]!.slots > 300), { timeout: 20_000 })
      .toEqual([true, true])
    shop.place(500, 100)
    const third = start(shipping, { member: 'c' })
    await first.stop()
    // What is to be shared has to come after it joined: the second alone may be done with all that came before.
    await expect.poll(() => third.status().services[0]!.slots, { timeout: 20_000 }).toBeGreaterThan(300)
    const last = shop.place(500, 100)
    await Promise.all([second, third].map((one) => one.caughtUp({ orders: last })))
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    expect(third.status().handled).toBeGreaterThan(0)
  })
})

describe('after a fork of the log', () => {
  it('stops and says what it had done beyond it', async () => {
    const last = shop.place(60, 60)
    const one = start(shipping)
    await one.caughtUp({ orders: last })
    shop.source.fork('orders', 50)
    await expect(one.ended).rejects.toThrow(/forked at position 50, and events up to 60 had been handled/)
    expect(one.status().failure).toMatchObject({ code: 'HW_LOG_FORKED' })
  })

  it('goes on from the fork when that was chosen, once, with all its slots', async () => {
    const before = shop.place(60, 60)
    const declaration = consumer('shipping', orders, { Placed: record() }, { afterFork: 'go-on' })
    const one = start(declaration)
    await one.caughtUp({ orders: before })
    shop.source.fork('orders', 50)
    const last = shop.place(30, 30)
    await one.caughtUp({ orders: last })
    const positions = (await shop.effects()).map(({ position }) => position)
    expect(positions.slice(0, 60).sort((a, b) => a - b)).toEqual(upTo(60))
    expect(positions.slice(60).sort((a, b) => a - b)).toEqual(upTo(last).slice(50))
    expect(await shop.keeper.forks('shipping')).toMatchObject([{ service: 'orders', forkedAt: 50 }])
    expect((await shop.keeper.forks('shipping'))[0]!.beyond.length).toBeGreaterThan(0)
  })

  it('goes on quietly when nothing had been handled beyond it', async () => {
    const before = shop.place(50, 60)
    const one = start(shipping)
    await one.caughtUp({ orders: before })
    shop.source.fork('orders', 50)
    const last = shop.place(30, 30)
    await one.caughtUp({ orders: last })
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
  })
})
