import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { contractOf } from '@headwater/contract'
import { feed, memoryLog } from '@headwater/feed'
import { throwAwayDatabase } from '@headwater/testing'
import { expect, it } from 'vitest'
import { openShop, orders, problemsIn, upTo } from '../test/orders.ts'

const leaseMs = 1_000

/** A feed on a port of its own, with events to come. */
async function openFeed() {
  const log = memoryLog('orders')
  const handle = feed({ log, contract: contractOf(orders), open: true, rate: { perSecond: 1e6, burst: 1e6 } })
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const url = `http://127.0.0.1${request.url}`
    void handle(new Request(url, { headers: request.headers as Record<string, string>, signal: gone.signal })).then(
      async (answer) => {
        response.writeHead(answer.status, Object.fromEntries(answer.headers))
        for await (const chunk of answer.body ?? []) response.write(chunk)
        response.end()
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/events`,
    place: (count: number) =>
      log.append(
        ...Array.from({ length: count }, (_, i) => ({
          type: 'Placed',
          stream: `order-${i % 50}`,
          data: `{"amount":${i}}`,
        })),
      ),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

it('loses, doubles and reorders nothing when processes are killed, and others take over within the lease and a beat', async () => {
  const shop = await openShop(throwAwayDatabase)
  const source = await openFeed()
  const program = fileURLToPath(new URL('../test/shipping-process.ts', import.meta.url))
  const start = (): ChildProcess =>
    spawn(
      process.execPath,
      ['--conditions=source', '--import', 'tsx', program, shop.database.url, source.url, String(leaseMs)],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    )
  const handled = async (): Promise<number> =>
    Number((await shop.pool.query('select count(*) from effect')).rows[0].count)
  const processes = [start(), start()]
  try {
    let last = source.place(1_000)
    for (let kill = 0; kill < 3; kill++) {
      const before = await handled()
      last = source.place(300)
      await expect.poll(handled, { timeout: 30_000, interval: 10 }).toBeGreaterThan(before + 100)
      processes[kill % 2]!.kill('SIGKILL')
      processes[kill % 2] = start()
    }
    await expect.poll(handled, { timeout: 30_000 }).toBe(last)
    expect(problemsIn(await shop.effects(), upTo(last))).toEqual([])
  } finally {
    for (const one of processes) one.kill('SIGKILL')
    source.close()
    await shop.close()
  }
}, 90_000)
