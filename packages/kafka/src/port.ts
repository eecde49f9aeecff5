import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { KafkaFailed } from './failure.ts'

/** Below those that systems hand out by themselves: until it is used, seconds later, nobody is given it by chance. */
const [first, last] = [20_000, 32_767]

/** The wanted port of the loopback address when it is free, else any free one. */
export async function freePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return wanted
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(first, last + 1)
    if (await isFree(port)) return port
  }
  throw new KafkaFailed('Expected a free port on 127.0.0.1, found none.')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = await new Promise<boolean>((done) => {
    server.once('error', () => done(false))
    server.listen(port, '127.0.0.1', () => done(true))
  })
  if (free) await new Promise((closed) => server.close(closed))
  return free
}
