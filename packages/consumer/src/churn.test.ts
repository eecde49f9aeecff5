import { expect, it } from 'vitest'
import { throwAwayDatabase } from '@headwater/testing'
import { consumer, type Keeper, Poison, Retriable, runConsumer, type RunningConsumer } from './index.ts'
import { openShop, orders, problemsIn, record, type Shop, upTo } from '../test/orders.ts'

/** A process whose calls to the database stand still while it is frozen: later it goes on as if no time had passed. */
function freezable(shop: Shop, random: () => number) {
  let gate: Promise<void> | undefined
  let thaw = (): void => undefined
  const passing = async <T>(work: () => Promise<T>): Promise<T> => {
    await gate
    const result = await work()
    await gate
    return result
  }
  const keeper = new Proxy(shop.keeper as Keeper, {
    get: (target, name: keyof Keeper) => {
      const value = target[name]
      if (typeof value !== 'function' || name === 'settle' || name === 'hold') return value
      return (...args: unknown[]) => passing(() => (value as (...args: unknown[]) => Promise<unknown>)(...args))
    },
  })
  const effects = {
    transact: <T>(work: (tx: any) => Promise<T>) =>
      passing(async () => {
        const result = await shop.keeper.effects.transact(async (tx) => {
          const done = await work(tx)
          if (random() < 0.02) throw lostConnection()
          return done
        })
        if (random() < 0.02) throw lostConnection()
        return result
      }),
  }
  return {
    keeper,
    effects,
    freeze: () => void (gate ??= new Promise((resolve) => (thaw = resolve))),
    thaw() {
      gate = undefined
      thaw()
    },
  }
}

/** Resolves when something more was handled, or after 20 looks: everybody may be frozen. */
async function progress(shop: Shop): Promise<void> {
  const furthest = async () => (await shop.keeper.progress('shipping'))[0]?.greatest ?? 0
  const before = await furthest()
  for (let look = 0; look < 20; look++) if ((await furthest()) > before) return
}

const lostConnection = () => Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' })

/** Deterministic, so that a failure can be run again (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

it.each([1, 2, 3])(
  'loses, doubles and reorders nothing while processes come, go, freeze and wake (seed %i)',
  async (seed) => {
    const random = seeded(seed)
    const shop = await openShop(throwAwayDatabase, { pageEvents: 40 })
    const declaration = consumer(
      'shipping',
      orders,
      {
        async Placed(data, context) {
          await record()(data, context)
          if (random() < 0.01) throw random() < 0.3 ? new Poison('bad') : new Retriable('later')
        },
      },
      { batch: { events: 20 }, buffer: { events: 200 } },
    )
    const crew: { one: RunningConsumer; process: ReturnType<typeof freezable> }[] = []
    const hire = (): void => {
      const process = freezable(shop, random)
      const { keeper, effects } = process
      crew.push({ one: runConsumer(declaration, { source: shop.source, keeper, effects, leaseMs: 500 }), process })
    }
    try {
      hire()
      for (let round = 0; round < 16; round++) {
        shop.place(40, 60)
        const chance = random()
        const pick = crew[Math.floor(random() * crew.length)]
        if (pick === undefined || (chance < 0.3 && crew.length < 5)) hire()
        else if (chance < 0.5) pick.process.freeze()
        else if (chance < 0.8) pick.process.thaw()
        else if (crew.length > 2) {
          pick.process.thaw()
          crew.splice(crew.indexOf(pick), 1)
          await pick.one.stop()
        }
        await progress(shop)
      }
      for (const { process } of crew) process.thaw()
      const last = shop.place(40, 60)
      await Promise.all(crew.map(({ one }) => one.caughtUp({ orders: last })))
      const parked = async (): Promise<number> => {
        await shop.keeper.parked.retry('shipping')
        return (await shop.keeper.parked.list('shipping')).length
      }
      await expect.poll(parked, { timeout: 20_000 }).toBe(0)
      expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
    } finally {
      for (const { process } of crew) process.thaw()
      await Promise.all(crew.map(({ one }) => one.stop()))
      await shop.close()
    }
  },
  90_000,
)
