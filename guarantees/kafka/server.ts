// The serving process: one service behind an entry URL, asked over HTTP. Arguments: URL of Postgres, prefix, directory, port.
import { decider, resource, service } from '@headwater/service'
import { startLandscape } from '@headwater/service/landscape'
import { z } from 'zod'
import { orders } from '../delivery/shipping.ts'

const [postgres, name, directory, port] = process.argv.slice(2) as [string, string, string, string]
const order = decider('order', orders, {
  commands: { place: z.object({ n: z.int() }) },
  initialState: () => ({ placed: 0 }),
  decide: { place: ({ n }) => [orders.Placed({ n })] },
  evolve: { Placed: ({ placed }) => ({ placed: placed + 1 }) },
})
const item = resource('/orders/{orderId}', order, { links: {}, actions: { place: { scope: 'orders:write' } } })
const landscape = await startLandscape([service('orders', { facts: orders, resources: [item] })], {
  postgres,
  name,
  directory,
  port: Number(port),
  lake: false,
  log: () => undefined,
})
if (landscape.listening.moved) throw new Error(`Expected port ${port} to be free.`)
