import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

export const rewind: Command = {
  name: 'rewind',
  usage: 'SERVICE CONSUMER --to start|TIME|SERVICE=POSITION',
  options: {
    to: {
      type: 'string',
      says: 'where it goes on from: start, a time (RFC 3339), or payments=12: after that position',
    },
  },
  examples: [
    'headwater rewind notifications tell-of-arrivals --to start',
    'headwater rewind notifications tell-of-arrivals --to payments=1',
  ],
  async run(invocation) {
    const { options, output } = invocation
    const service = required(rewind, invocation, 0, 'the name of a service')
    const consumer = required(rewind, invocation, 1, 'the name of a consumer')
    if (options.to === undefined)
      throw new Ended(exitCode.usage, 'Expected --to start, a time, or SERVICE=POSITION; see --help.')
    const [, of, position] = /^([a-z][a-z0-9-]*)=(\d+)$/.exec(String(options.to)) ?? []
    const to = of === undefined ? options.to : { [of]: Number(position) }
    const { json } = await connect(invocation)
    const rewound = await json(`/rewinds/${service}/${consumer}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to }),
    })
    output.show(
      rewound,
      () => `${consumer} handles again what came after ${String(options.to)}; what it did outside stays done`,
    )
    return exitCode.ok
  },
}
