import { throwAwayDatabase } from '@headwater/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { consumer, Fatal, Poison, Retriable, type RunningConsumer } from './index.ts'
import { orders, problemsIn, record, upTo, type Shop } from '../test/orders.ts'
import { shopOfEachTest } from '../test/starting.ts'

const { shop: shopOfThis, start } = shopOfEachTest(throwAwayDatabase)
let shop: Shop
beforeEach(() => void (shop = shopOfThis()))

describe('when handling fails', () => {
  it('tries a retriable event again while other keys go on, and keeps the order of its own', async () => {
    const last = shop.place(100)
    let failures = 0
    const one = start(
      consumer('shipping', orders, {
        async Placed(data, context) {
          await record()(data, context)
          if (context.event.position === 13 && failures++ < 3) throw new Retriable('not yet')
        },
      }),
    )
    await one.caughtUp({ orders: last })
    await drained(one)
    const effects = await shop.effects()
    expect(problemsIn(effects, upTo(last))).toEqual([])
    expect(failures).toBe(4)
    expect(effects.slice(-9).map(({ stream }) => stream)).toEqual(Array(9).fill('order-2'))
  })

  it('parks poison with its error, lets its key wait, and handles both in order once the handler is mended', async () => {
    const last = shop.place(100)
    let mended = false
    const one = start(
      consumer('shipping', orders, {
        async Placed(data, context) {
          if (context.event.position === 13 && !mended) throw new Poison('no such address')
          await record()(data, context)
        },
      }),
    )
    await one.caughtUp({ orders: last })
    expect(
      problemsIn(
        await shop.effects(),
        upTo(last).filter((n) => n < 13 || n % 10 !== 3),
      ),
    ).toEqual([])
    const [front, ...behind] = await shop.keeper.parked.list('shipping')
    expect(front).toMatchObject({
      position: 13,
      key: 'order-2',
      state: 'poison',
      attempts: 1,
      error: { message: 'no such address', code: 'HW_POISON' },
    })
    expect(behind.map(({ state }) => state)).toEqual(Array(8).fill('behind'))
    mended = true
    expect(await shop.keeper.parked.retry('shipping')).toBe(1)
    await drained(one)
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    expect(await shop.keeper.parked.list('shipping')).toEqual([])
  })

  it('goes on when an event before the one that failed fails as well, while what waited is handled again', async () => {
    const last = shop.place(50)
    let asked = false
    const seen: number[] = []
    const one = start(
      consumer('shipping', orders, {
        async Placed(data, context) {
          const { position } = context.event
          if (asked && context.event.stream === 'order-2') seen.push(position)
          const again = seen.filter((other) => other === position).length
          if (position === 13 && !asked) throw new Poison('no such address')
          if (position === 23 && again === 1) throw new Retriable('after the one before it')
          if (position === 13 && again === 2) throw new Retriable('before the one that failed')
          await record()(data, context)
        },
      }),
      { random: () => 0.01 },
    )
    await one.caughtUp({ orders: last })
    asked = true
    await shop.keeper.parked.retry('shipping')
    await drained(one)
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    expect(seen.slice(0, 3)).toEqual([13, 23, 13])
  })

  it('has what waits behind tried again, though no further key may wait', async () => {
    const last = shop.place(50)
    let mended = false
    let failed = 0
    const one = start(
      consumer(
        'shipping',
        orders,
        {
          async Placed(data, context) {
            if (context.event.position === 13 && !mended) throw new Poison('no such address')
            if (context.event.position === 23 && mended && failed++ === 0) throw new Retriable('not yet')
            await record()(data, context)
          },
        },
        { parkedKeys: 1 },
      ),
      { random: () => 0.01 },
    )
    await one.caughtUp({ orders: last })
    mended = true
    await shop.keeper.parked.retry('shipping')
    await drained(one)
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    expect(failed).toBe(2)
  })

  it('leaves out a parked event for a reason, and goes on with those behind it', async () => {
    const last = shop.place(50)
    const one = start(
      consumer('shipping', orders, {
        async Placed(data, context) {
          if (context.event.position === 13) throw new Poison('never')
          await record()(data, context)
        },
      }),
    )
    await one.caughtUp({ orders: last })
    const [front, second] = await shop.keeper.parked.list('shipping')
    const skip = (eventId: string) =>
      shop.keeper.parked.skip('shipping', { service: 'orders', eventId, reason: 'a test order' })
    expect(await skip(second!.eventId)).toBe('not-first')
    expect(await skip('nothing')).toBe('unknown')
    expect(await skip(front!.eventId)).toBe('asked')
    await drained(one)
    expect(
      problemsIn(
        await shop.effects(),
        upTo(last).filter((n) => n !== 13),
      ),
    ).toEqual([])
    expect(await shop.keeper.parked.list('shipping', { state: 'skipped' })).toMatchObject([
      { position: 13, reason: 'a test order' },
    ])
  })

  it('gives up on a retriable event after the attempts allowed', async () => {
    const last = shop.place(20)
    const one = start(
      consumer(
        'shipping',
        orders,
        {
          Placed: (data, context) => {
            if (context.event.position === 5) throw new Retriable('down')
            return record()(data, context)
          },
        },
        { attempts: 3 },
      ),
      { random: () => 0.01 },
    )
    await one.caughtUp({ orders: last })
    await expect
      .poll(() => shop.keeper.parked.list('shipping', { state: 'poison' }), { timeout: 10_000 })
      .toMatchObject([{ position: 5, attempts: 3 }])
  })

  it('splits a set until the bad event is alone, and handles the rest', async () => {
    const last = shop.place(300, 300)
    const one = start(
      consumer('shipping', orders, {
        async batch(events, { query }) {
          for (const { stream, position, id } of events) {
            await query('insert into effect (consumer, stream, position, id) values ($1, $2, $3, $4)', [
              'shipping',
              stream,
              position,
              id,
            ])
          }
          if (events.some(({ position }) => position === 77)) throw new TypeError('bad event')
        },
      }),
    )
    await one.caughtUp({ orders: last })
    expect(
      problemsIn(
        await shop.effects(),
        upTo(last).filter((n) => n !== 77),
      ),
    ).toEqual([])
    expect(await shop.keeper.parked.list('shipping')).toMatchObject([{ position: 77, state: 'poison' }])
  })

  it('stops and says why when a handler finds that going on would do harm', async () => {
    shop.place(20)
    const one = start(
      consumer('shipping', orders, {
        Placed: () => {
          throw new Fatal('the ledger does not add up')
        },
      }),
    )
    await expect(one.ended).rejects.toThrow('the ledger does not add up')
    expect(one.status()).toMatchObject({ state: 'failed', failure: { code: 'HW_FATAL' } })
    expect((await shop.keeper.progress('shipping'))[0]).toMatchObject({ least: 0, unheld: 1024 })
  })
})

async function drained(one: RunningConsumer): Promise<void> {
  await expect.poll(() => one.status().parkedKeys, { timeout: 15_000 }).toBe(0)
}
