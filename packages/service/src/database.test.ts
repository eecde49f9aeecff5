import { connect, createServer, type AddressInfo } from 'node:net'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { provide } from './database.ts'

let server: Awaited<ReturnType<typeof throwAwayServer>>
beforeAll(async () => {
  server = await throwAwayServer()
})
afterAll(() => server?.drop())

it('fails, and does not end the process, where the connection to the server breaks', async () => {
  const { hostname, port } = new URL(server.url)
  /** Goes between, and breaks off at the first statement that takes the lock. */
  const between = createServer((socket) => {
    const upstream = connect(Number(port), hostname)
    upstream.on('error', () => undefined).pipe(socket)
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        if (!bytes.includes('pg_advisory_lock')) return void upstream.write(bytes)
        socket.destroy()
        upstream.destroy()
      })
  })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  const url = new URL(server.url)
  url.host = `127.0.0.1:${(between.address() as AddressInfo).port}`
  // What nobody hears fails this file too.
  await expect(provide(url.href, server.name, 'shelves', 'secret')).rejects.toThrow(/terminated/)
  await new Promise((resolve) => between.close(resolve))
})
