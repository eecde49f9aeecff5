// A lake over one feed, of whatever make: every event in Parquet, any question in SQL, and the same answer again tomorrow.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contractOf, events } from '@headwater/contract'
import { feed, memoryLog, readFeed } from '@headwater/feed'
import { openLake } from '@headwater/lake'
import { getRequestListener } from '@hono/node-server'
import { z } from 'zod'

const facts = events('orders', { OrderPlaced: { data: z.object({ amountMinor: z.int() }), level: 'published' } })
const contract = contractOf(facts)
const log = memoryLog('orders') // the feed may as well be somebody else's: see feed.ts
const place = (amountMinor: number) => log.append({ type: 'OrderPlaced', data: JSON.stringify({ amountMinor }) })
const serve = feed({ log, contract, view: 'log', basePath: '/log', open: true })
const server = createServer(getRequestListener((request) => serve(request)))
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/log`

const directory = await mkdtemp(join(tmpdir(), 'lake-'))
const lake = await openLake({ directory, contracts: [contract] })
async function land(): Promise<void> {
  const after = (await lake.cursor('orders')) ?? 'start'
  for await (const page of readFeed(url, { service: 'orders', view: 'log', after })) {
    await lake.land(page, { service: 'orders' })
    if (page.atEnd) return
  }
}
const question = 'select count(*), sum("amountMinor") from OrderPlaced'
for (const amountMinor of [1250, 900]) place(amountMinor)
await land()
const { rows, at } = await lake.query(question)
place(1)
await land()
console.log(`then: ${rows[0]} now: ${(await lake.query(question)).rows[0]}`)
console.log(`the same again: ${(await lake.query(question, { at })).rows[0]}`)
await lake.close()
await rm(directory, { recursive: true })
server.close()
