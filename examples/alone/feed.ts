// A feed in front of a log of one's own, on plain node:http: here a log in memory, the least that it takes.
import { createServer } from 'node:http'
import { contractOf, events } from '@headwater/contract'
import { conform, feed, memoryLog, readFeed } from '@headwater/feed'
import { getRequestListener } from '@hono/node-server'
import { z } from 'zod'

const facts = events('orders', {
  OrderPlaced: { data: z.object({ orderId: z.string(), amountMinor: z.int() }), level: 'published' },
  StockCounted: { data: z.object({ left: z.int() }) }, // no level: internal, no reader sees it
})
const log = memoryLog('orders')
const place = (orderId: string, amountMinor: number) =>
  log.append({ stream: `order-${orderId}`, type: 'OrderPlaced', data: JSON.stringify({ orderId, amountMinor }) })
place('1', 1250)
log.append({ stream: 'stock-1', type: 'StockCounted', data: '{"left":3}' })
place('2', 900)

const serve = feed({ log, contract: contractOf(facts), open: true })
const server = createServer(getRequestListener((request) => serve(request)))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const { port } = server.address() as { port: number }
const url = `http://127.0.0.1:${port}/events`

const leave = new AbortController()
for await (const page of readFeed(url, { service: 'orders', after: 'start', signal: leave.signal })) {
  console.log(`positions ${page.from} to ${page.to}`)
  for (const { position, type, data } of page.events) console.log(position, type, JSON.stringify(data))
  if (page.atEnd) break
}
console.log('conforms:', (await conform(url)).conforms)
leave.abort()
server.closeAllConnections()
server.close()
