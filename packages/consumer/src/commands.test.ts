import { migrate, openStore } from '@headwater/event-store'
import { throwAwayDatabase } from '@headwater/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openShop, orders, type Shop, upTo } from '../test/orders.ts'
import { consumer, type Effects, runConsumer } from './index.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop(throwAwayDatabase)
  await migrate(shop.pool)
})
afterEach(() => shop.close())

it('appends what handlers decide with the checkpoint, once, while others append to the same streams', async () => {
  const store = openStore({ pool: shop.pool, service: 'parcels' })
  const meta = { correlationId: 'c', causationId: 'c' }
  let conflicts = 0
  /** As the composition root does it; the version is read first, so that a conflict is possible. */
  const effects: Effects = {
    transact: (work) =>
      store
        .transact((tx) =>
          work({
            query: (sql, params) => tx.query(sql, params),
            async run(_command, stream, data, cause) {
              const { length: expected } = await store.read(stream)
              tx.append({
                streams: [{ stream, expected, events: [{ type: 'Packed', data }] }],
                meta: { ...meta, causationId: cause.id },
              })
            },
          }),
        )
        .catch((error: { code?: string }) => {
          if (error.code === 'HW_CONFLICT') conflicts += 1
          throw error
        }),
  }
  const packing = consumer(
    'packing',
    orders,
    {
      Placed: (_, { run, event }) =>
        run((data: object) => data, event.stream.replace('order', 'parcel'), { of: event.position }),
    },
    { batch: { events: 1 } },
  )
  const last = shop.place(60, 6)
  const running = runConsumer(packing, { source: shop.source, keeper: shop.keeper, effects })
  for (let n = 0; n < 30; n++) {
    await store.append({ streams: [{ stream: `parcel-${n % 6}`, events: [{ type: 'Weighed', data: {} }] }], meta })
  }
  await running.caughtUp({ orders: last })
  await running.stop()
  const rows = await store.log.rows({ after: 0, limit: 1_000 })
  const packed = rows.filter(({ type }) => type === 'Packed').map(({ data }) => JSON.parse(data).of as number)
  expect([...packed].sort((a, b) => a - b)).toEqual(upTo(last))
  for (const stream of [0, 1, 2, 3, 4, 5]) {
    const own = packed.filter((position) => (position - 1) % 6 === stream)
    expect(own).toEqual([...own].sort((a, b) => a - b))
  }
  expect(running.status()).toMatchObject({ poison: 0, failures: 0 })
  await store.close()
})
