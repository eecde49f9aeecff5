import { afterEach, beforeEach } from 'vitest'
import { type Consumer, runConsumer, type RunningConsumer, type RunOptions } from '../src/index.ts'
import { openShop, type Shop } from './orders.ts'

/** A shop for each test of a file, and consumers of it that stop with the test. */
export function shopOfEachTest(database: Parameters<typeof openShop>[0]) {
  let shop: Shop
  let running: RunningConsumer[] = []
  beforeEach(async () => void (shop = await openShop(database)))
  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop()))
    running = []
    await shop.close()
  })
  return {
    shop: () => shop,
    start(declaration: Consumer, options: Partial<RunOptions> = {}): RunningConsumer {
      const one = runConsumer(declaration, { source: shop.source, keeper: shop.keeper, leaseMs: 1_500, ...options })
      running.push(one)
      return one
    },
  }
}
