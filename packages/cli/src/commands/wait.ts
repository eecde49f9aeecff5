import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Ended, exitCode } from '../command.ts'
import { landscapeUrl } from '../connection.ts'

export const wait: Command = {
  name: 'wait',
  usage: '[--timeout SECONDS]   until the landscape here, or the one --url names, is ready',
  options: { timeout: { type: 'string', says: 'seconds to wait at most' } },
  examples: ['headwater wait --timeout 30'],
  async run(invocation) {
    const { options, output, signal } = invocation
    const seconds = Number(options.timeout ?? 60)
    if (!(seconds > 0))
      throw new Ended(exitCode.usage, `Expected --timeout in seconds, got "${String(options.timeout)}".`)
    const deadline = performance.now() + seconds * 1000
    for (;;) {
      const url = await landscapeUrl(invocation)
      const ready = url === undefined ? undefined : await services(url)
      if (ready !== undefined) {
        output.show({ url, services: ready }, () => String(url))
        return exitCode.ok
      }
      if (performance.now() > deadline)
        throw new Ended(exitCode.environment, `Expected ${url ?? 'a landscape here'} to be ready within ${seconds} s.`)
      await delay(100, undefined, { signal })
    }
  },
}

async function services(url: string): Promise<string[] | undefined> {
  try {
    const answer = await fetch(new URL('/ready', url), { signal: AbortSignal.timeout(2_000) })
    return answer.ok ? ((await answer.json()) as { services: string[] }).services : undefined
  } catch {
    return undefined
  }
}
