import { commands, type Listed } from './commands.ts'
import { type Command, Ended, everywhere, exitCode, type ExitCode, parse } from './command.ts'
import { type Streams, table, terminal } from './output.ts'

/** Where the command line is: streams, variables, folder. */
export interface Place extends Streams {
  cwd(): string
}

/** Runs the command line; answers the exit code. */
export async function main(args: readonly string[], place: Place = process): Promise<ExitCode> {
  const plain = terminal({ json: args.includes('--json'), given: place })
  const found = find(args)
  if (found === undefined) {
    if (args.length === 0 || ['help', '--help', '-h'].includes(args[0]!)) return overview(plain)
    plain.say(`Expected a command, got "${args[0]}". See \`headwater help\`.`)
    return exitCode.usage
  }
  const early = new AbortController()
  let ending: ExitCode = exitCode.ok
  const end = (code: ExitCode) => () => {
    if (!early.signal.aborted) ending = code
    early.abort()
  }
  const signals = [
    ['SIGHUP', end(exitCode.hungUp)],
    ['SIGINT', end(exitCode.interrupted)],
    ['SIGTERM', end(exitCode.terminated)],
  ] as const
  for (const [signal, listener] of signals) process.once(signal, listener)
  // `headwater events | head -1`: the reader has all it wanted. Listened to for ever, since what was written last is written later.
  place.stdout.on?.('error', (error) => {
    if (error.code !== 'EPIPE') throw error
    end(exitCode.ok)()
  })
  place.stderr.on?.('error', () => undefined)
  try {
    const command = await found.listed.load()
    const { positionals, values } = parse(command, found.rest)
    if (values.help === true) return help(found.listed, command, plain)
    return await command.run({
      positionals,
      options: values,
      output: plain,
      cwd: place.cwd(),
      env: place.env,
      signal: early.signal,
    })
  } catch (error) {
    if (early.signal.aborted) return ending
    if (error instanceof Ended) {
      plain.say(error.message)
      return error.exit
    }
    const { code, message, stack } = error as Error & { code?: string }
    plain.say(code?.startsWith('HW_') ? `${code}: ${message}` : (stack ?? String(error)))
    return exitCode.failed
  } finally {
    for (const [signal, listener] of signals) process.off(signal, listener)
  }
}

function find(args: readonly string[]): { listed: Listed; rest: readonly string[] } | undefined {
  const two = commands.find(({ name }) => name === `${args[0]} ${args[1]}`)
  if (two !== undefined) return { listed: two, rest: args.slice(2) }
  const one = commands.find(({ name }) => name === args[0])
  return one === undefined ? undefined : { listed: one, rest: args.slice(1) }
}

function overview(output: ReturnType<typeof terminal>): ExitCode {
  output.print('headwater COMMAND [options]\n')
  output.print(table(commands.map(({ name, summary }) => ({ command: name, '': summary }))))
  output.print(
    `\nEvery command takes ${Object.keys(everywhere)
      .map((name) => `--${name}`)
      .join(', ')}. \`headwater COMMAND --help\` says more.`,
  )
  output.print(
    'Exit codes: 0 ok, 1 failed, 2 usage, 3 environment, 4 a check found something, 5 not found, 128 + N ended by signal N.',
  )
  return exitCode.ok
}

function help({ summary }: Listed, command: Command, output: ReturnType<typeof terminal>): ExitCode {
  output.print(`${summary}\n\nUsage: headwater ${command.name} ${command.usage}`)
  const own = Object.entries(command.options ?? {}).map(([name, { type, short, says }]) => ({
    option: `  ${short === undefined ? '' : `-${short}, `}--${name}${type === 'string' ? ' VALUE' : ''}`,
    '': says,
  }))
  if (own.length > 0) output.print(`\nOptions:\n${table(own).split('\n').slice(1).join('\n')}`)
  if (command.examples.length > 0)
    output.print(`\nExamples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`)
  return exitCode.ok
}
