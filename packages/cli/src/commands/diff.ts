import { type Command, exitCode } from '../command.ts'
import { connect } from '../connection.ts'
import { streamPath } from '../stream-path.ts'

interface Difference {
  readonly from: number
  readonly to: number
  readonly changes: readonly { readonly pointer: string; readonly before?: unknown; readonly after?: unknown }[]
}

export const diff: Command = {
  name: 'diff',
  usage:
    'SERVICE/CATEGORY-ID [FROM [TO]]   a moment: VERSION, position:N or TIME; by default from the beginning to now',
  examples: ['headwater diff payments/ledger-world', 'headwater diff payments/ledger-world 1 2 --json'],
  async run(invocation) {
    const [, from = '0', to] = invocation.positionals
    const { json } = await connect(invocation)
    const difference = await json<Difference>(streamPath(diff, invocation, { from, to }))
    const { colour } = invocation.output
    invocation.output.say(`from version ${difference.from} to ${difference.to}`)
    invocation.output.show(difference, () =>
      difference.changes
        .flatMap(({ pointer, ...change }) => [
          ...('before' in change ? [colour('red', `- ${pointer}  ${JSON.stringify(change.before)}`)] : []),
          ...('after' in change ? [colour('green', `+ ${pointer}  ${JSON.stringify(change.after)}`)] : []),
        ])
        .join('\n'),
    )
    return exitCode.ok
  },
}
