import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to Postgres on which connections are cut at any moment: also when the answer is under way. */
export class CuttingProxy {
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  readonly #server: Server
  /** Where Postgres is now: it may come back elsewhere. */
  target: number
  cuts = 0

  constructor(target: number) {
    this.target = target
    this.#server = createServer((near) => this.#join(near))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as { port: number }).port
  }

  /** Cuts some connection; the next bytes that come from Postgres on it are the ones that are lost. */
  cut(random: () => number): void {
    const pairs = [...this.#pairs]
    const pair = pairs[Math.floor(random() * pairs.length)]
    if (pair === undefined) return
    this.cuts += 1
    const [near, far] = pair
    far.removeAllListeners('data')
    far.once('data', () => (near.destroy(), far.destroy()))
    far.resume()
  }

  async close(): Promise<void> {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(near: Socket): void {
    const far = connect(this.target, '127.0.0.1')
    const pair = [near, far] as const
    this.#pairs.add(pair)
    near.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => near.write(bytes))
    const end = () => {
      this.#pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const socket of pair) socket.on('close', end).on('error', end)
  }
}
