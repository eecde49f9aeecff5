import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Command, Ended, exitCode } from '../command.ts'
import { connect, ended, homeOf } from '../connection.ts'
import { load } from '../workshop.ts'

interface Simulates {
  readonly default?: (simulation: object) => Promise<void>
  readonly scopes?: readonly string[]
}

export const simulate: Command = {
  name: 'simulate',
  usage: '[--customers 600] [--days 45] [--effect 0.25] [--seed 1]',
  options: {
    customers: { type: 'string', says: 'how many; 600' },
    days: { type: 'string', says: 'how many; 45' },
    effect: { type: 'string', says: 'how much more often those save who are rounded up; 0.25' },
    seed: { type: 'string', says: 'another number gives other lives; 1' },
  },
  examples: ['headwater simulate --customers 20 --days 3'],
  async run(invocation) {
    const { options, output, signal, cwd } = invocation
    const home = await homeOf(cwd)
    if (home === undefined)
      throw new Ended(
        exitCode.environment,
        'Expected to be in the folder of a landscape that runs, found no .headwater/ here or above.',
      )
    if (!existsSync(join(dirname(home), 'src', 'simulate.ts')))
      throw new Ended(
        exitCode.missing,
        `Expected ${dirname(home)}/src/simulate.ts, which says how customers live here; found none. Only landscapes that bring it can be simulated.`,
      )
    const { default: run, scopes = [] } = await load<Simulates>(dirname(home), 'src/simulate.ts')
    if (run === undefined)
      throw new Ended(
        exitCode.environment,
        `Expected ${dirname(home)}/src/simulate.ts to export a function by default.`,
      )
    const { fetch } = await connect(invocation, scopes)
    const began = performance.now()
    await run({
      async ask(path: string, { method = 'GET', body }: { method?: string; body?: unknown } = {}) {
        const answer = await fetch(path, {
          method,
          ...(body === undefined
            ? {}
            : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        })
        if (!answer.ok && answer.status !== 409) throw await ended(answer)
        return await answer.json()
      },
      options,
      say: output.say,
      progress: output.progress,
      signal,
    })
    signal.throwIfAborted()
    output.say(`done in ${((performance.now() - began) / 1000).toFixed(1)} s`)
    return exitCode.ok
  },
}
