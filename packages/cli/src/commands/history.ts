import { type Command, exitCode, wholeNumber } from '../command.ts'
import { connect } from '../connection.ts'
import { streamPath } from '../stream-path.ts'

interface Kept {
  readonly version: number
  readonly type: string
  readonly occurredAt: string
  readonly causationId: string
  readonly data: unknown
}

export const history: Command = {
  name: 'history',
  usage: 'SERVICE/CATEGORY-ID [--upto VERSION] [--at VERSION|position:N|TIME]',
  options: {
    upto: { type: 'string', says: 'events up to this version' },
    at: { type: 'string', says: 'the state at a version, a position or a time, in place of what happened' },
  },
  examples: ['headwater history payments/ledger-world', 'headwater history payments/ledger-world --at 3'],
  async run(invocation) {
    const { options, output } = invocation
    const upto = wholeNumber(invocation, 'upto') ?? Number.POSITIVE_INFINITY
    const { json } = await connect(invocation)
    if (options.at !== undefined) {
      const was = await json<{ state: unknown; version: number }>(streamPath(history, invocation, { at: options.at }))
      output.say(`as of version ${was.version}`)
      output.show(was, () => JSON.stringify(was.state, null, 2))
      return exitCode.ok
    }
    const { events } = await json<{ events: Kept[] }>(streamPath(history, invocation))
    const shown = events.filter(({ version }) => version <= upto)
    output.show(shown, () =>
      shown
        .map(
          ({ version, type, occurredAt, data }) =>
            `${String(version).padStart(4)}  ${occurredAt}  ${type.padEnd(20)} ${JSON.stringify(data)}`,
        )
        .join('\n'),
    )
    return exitCode.ok
  },
}
