import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

interface Adopted {
  readonly service: string
  readonly log: string
  readonly parent?: string
  readonly forkedAt?: number
}

export const adopt: Command = {
  name: 'adopt',
  usage: 'SERVICE [--at POSITION] [--yes]   after a backup was restored or a standby took over',
  options: { at: { type: 'string', says: 'last position restored, where events came since; the last there is' } },
  examples: ['headwater adopt cards --yes'],
  async run(invocation) {
    const { options, output } = invocation
    const service = required(adopt, invocation, 0, 'the name of a service')
    const { json } = await connect(invocation)
    const question = `Go on with the log of ${service} under a new name? Readers that saw more than it holds now go back to where it forked.`
    const sure = options.yes === true || (await output.confirm(question))
    if (sure !== true) throw new Ended(exitCode.usage, 'Nothing was changed. Say --yes where nobody can be asked.')
    const adopted = await json<Adopted>(`/lineages/${service}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(options.at === undefined ? {} : { at: positionOf(options.at) }),
    })
    output.show(
      adopted,
      () => `${service} goes on as log ${adopted.log}, forked from ${adopted.parent} at position ${adopted.forkedAt}`,
    )
    return exitCode.ok
  },
}

function positionOf(said: unknown): number {
  const position = Number(said)
  if (Number.isSafeInteger(position) && position >= 0) return position
  throw new Ended(exitCode.usage, `Expected --at as a position, a whole number from 0, got "${String(said)}".`)
}
