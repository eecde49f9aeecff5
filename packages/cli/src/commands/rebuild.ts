import { type Command, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { table } from '../output.ts'

interface Rebuilt {
  readonly name: string
  readonly kind: string
  readonly events: number
  readonly seconds: number
}

export const rebuild: Command = {
  name: 'rebuild',
  usage: 'SERVICE [PROJECTION | CONSUMER]',
  examples: [
    'headwater rebuild payments',
    'headwater rebuild payments balances',
    'headwater rebuild insights spending',
  ],
  async run(invocation) {
    const service = required(rebuild, invocation, 0, 'the name of a service')
    const name = invocation.positionals[1]
    const { json } = await connect(invocation)
    const { rebuilt } = await json<{ rebuilt: Rebuilt[] }>('/rebuild', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ service, ...(name === undefined ? {} : { name }) }),
    })
    invocation.output.show(rebuilt, () =>
      table(
        rebuilt.map(({ name: one, kind, events, seconds }) => ({
          name: one,
          kind,
          events,
          seconds: seconds.toFixed(1),
          'events/s': Math.round(events / Math.max(seconds, 0.001)),
        })),
      ),
    )
    return exitCode.ok
  },
}
