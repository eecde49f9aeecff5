import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { noteSource } from './address.ts'

export interface Listening {
  /** `http://127.0.0.1:4000`, without a slash at the end. */
  readonly origin: string
  readonly port: number
  /** True when the wanted port was taken and another one serves. */
  readonly moved: boolean
  /** Takes no new request, lets open ones finish (up to `graceMs`), then closes. */
  close(graceMs?: number): Promise<void>
}

/**
 * Serves a fetch-shaped handler on a port. A wanted port that is taken is passed over for the next free one.
 * Headers above 16 KiB and requests whose headers take over 10 s are refused by Node itself.
 */
export async function listen(
  handler: (request: Request) => Promise<Response>,
  { port = 0, host = '127.0.0.1' }: { port?: number; host?: string },
): Promise<Listening> {
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 },
    getRequestListener(
      (request, { incoming }) => {
        noteSource(request, incoming as Parameters<typeof noteSource>[1])
        return handler(request)
      },
      { errorHandler: () => new Response(null, { status: 500 }) },
    ),
  )
  const taken = await bind(server, port, host)
  return {
    origin: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    port: taken,
    moved: port !== 0 && taken !== port,
    close: (graceMs = 2_000) => close(server, graceMs),
  }
}

async function bind(server: Server, port: number, host: string): Promise<number> {
  for (let candidate = port; candidate < port + 50; candidate++) {
    const free = await new Promise<boolean>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException) => {
        server.off('listening', done)
        if (error.code === 'EADDRINUSE') resolve(false)
        else reject(error)
      }
      const done = () => {
        server.off('error', failed)
        resolve(true)
      }
      server.once('error', failed).once('listening', done).listen(candidate, host)
    })
    if (free) return (server.address() as AddressInfo).port
  }
  throw Object.assign(
    new Error(`Expected a free port from ${port} to ${port + 49}, found none. Name another one with --port.`),
    { code: 'HW_NO_PORT' },
  )
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), graceMs)
    server.close(() => {
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}
