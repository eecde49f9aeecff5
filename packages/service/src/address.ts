import type { IncomingMessage } from 'node:http'

const sources = new WeakMap<Request, IncomingMessage>()

/** Notes the socket a request came by. */
export function noteSource(request: Request, incoming: IncomingMessage): void {
  sources.set(request, incoming)
}

/** Address of the other end of the socket; undefined for requests of this process. Behind a proxy it is the proxy's. */
export function addressOf(request: Request): string | undefined {
  return sources.get(request)?.socket.remoteAddress
}
