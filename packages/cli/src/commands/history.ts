import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

interface Kept {
  readonly version: number
  readonly type: string
  readonly occurredAt: string
  readonly causationId: string
  readonly data: unknown
}

export const history: Command = {
  name: 'history',
  usage: 'SERVICE/CATEGORY-ID [--upto VERSION]',
  options: { upto: { type: 'string' } },
  examples: ['headwater history customers/customer-ada'],
  async run(invocation) {
    const { options, output } = invocation
    const [service, stream] = required(history, invocation, 0, 'a stream, like pots/pot-p1').split('/') as [
      string,
      string?,
    ]
    if (stream === undefined) throw new Ended(exitCode.usage, `Expected a stream like pots/pot-p1, got "${service}".`)
    const { json } = await connect(invocation)
    const { events } = await json<{ events: Kept[] }>(`/${service}/streams/${encodeURIComponent(stream)}`)
    const shown = events.filter(({ version }) => version <= Number(options.upto ?? Number.POSITIVE_INFINITY))
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
