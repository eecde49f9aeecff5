import { type Command, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { table } from '../output.ts'

interface Rebuilt {
  readonly projection: string
  readonly position: number
  readonly seconds: number
}

export const rebuild: Command = {
  name: 'rebuild',
  usage: 'SERVICE [PROJECTION]',
  examples: ['headwater rebuild payments', 'headwater rebuild payments balances'],
  async run(invocation) {
    const service = required(rebuild, invocation, 0, 'the name of a service')
    const projection = invocation.positionals[1]
    const { json } = await connect(invocation)
    const { rebuilt } = await json<{ rebuilt: Rebuilt[] }>('/rebuild', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ service, ...(projection === undefined ? {} : { projection }) }),
    })
    invocation.output.show(rebuilt, () =>
      table(
        rebuilt.map(({ projection: name, position, seconds }) => ({
          projection: name,
          events: position,
          seconds: seconds.toFixed(1),
          'events/s': Math.round(position / Math.max(seconds, 0.001)),
        })),
      ),
    )
    return exitCode.ok
  },
}
