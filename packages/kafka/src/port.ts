import { createServer } from 'node:net'
import { KafkaFailed } from './failure.ts'

/** The wanted port of the loopback address when it is free, else any free one. */
export async function freePort(wanted: number | undefined): Promise<number> {
  for (const port of wanted === undefined ? [0] : [wanted, 0]) {
    const server = createServer()
    const taken = await new Promise<number | undefined>((done) => {
      server.once('error', () => done(undefined))
      server.listen(port, '127.0.0.1', () => done((server.address() as { port: number }).port))
    })
    await new Promise((closed) => server.close(closed))
    if (taken !== undefined) return taken
  }
  throw new KafkaFailed('Expected a free port on 127.0.0.1, found none.')
}
