import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { contractOf, events } from '@headwater/contract'
import { feed, memoryLog, type MemoryLog } from '@headwater/feed'
import { z } from 'zod'

/** A landscape of services that are logs in memory, over real HTTP. */
export class Landscape {
  readonly #feeds = new Map<string, ReturnType<typeof feed>>()
  readonly #server: Server
  /** Instead of what a feed would answer. */
  trouble: ((path: string) => Response | Promise<Response> | undefined) | undefined
  readonly asked: string[] = []

  constructor() {
    this.#server = createServer(async (incoming, outgoing) => {
      const ended = new AbortController()
      outgoing.once('close', () => ended.abort())
      const response = await this.#answer(
        new Request(new URL(incoming.url!, this.url), {
          headers: incoming.headers as Record<string, string>,
          signal: ended.signal,
        }),
      )
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      if (response.body === null) outgoing.end()
      else
        Readable.fromWeb(response.body as never)
          .on('error', () => outgoing.destroy())
          .pipe(outgoing)
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening))
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  service(name: string): MemoryLog {
    const log = memoryLog(name)
    const contract = contractOf(
      events(name, { Saved: { data: z.any(), level: 'published' }, Closed: { data: z.any() } }),
    )
    this.#feeds.set(name, feed({ log, contract, basePath: `/${name}/events`, homePath: `/${name}/` }))
    return log
  }

  remove(name: string): void {
    this.#feeds.delete(name)
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    this.asked.push(request.url)
    const [, name, rest] = pathname.split('/')
    const hal = (links: object) =>
      new Response(JSON.stringify({ _links: links }), { headers: { 'content-type': 'application/hal+json' } })
    if (name === '') return hal({ service: [...this.#feeds.keys()].map((key) => ({ name: key, href: `/${key}/` })) })
    if (rest === '') return hal({ events: { href: `/${name}/events` } })
    return (
      (await this.trouble?.(pathname)) ??
      (await this.#feeds.get(name!)!(request, { caller: { subject: 'connect', scopes: ['events:read'] } }))
    )
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
}
