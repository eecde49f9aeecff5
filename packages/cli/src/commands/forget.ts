import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

export const forget: Command = {
  name: 'forget',
  usage: 'PERSON [--yes]',
  examples: [],
  async run(invocation) {
    const { options, output } = invocation
    const person = required(forget, invocation, 0, "a person's id")
    const { json } = await connect(invocation)
    const question = `Delete the keys of ${person}? What they sealed can never be read again, in any copy.`
    const sure = options.yes === true || (await output.confirm(question))
    if (sure !== true) throw new Ended(exitCode.usage, 'Nothing was deleted. Say --yes where nobody can be asked.')
    const result = await json('/forget', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ person }),
    })
    output.show(result, () => `forgot ${person}; other processes follow within a minute`)
    return exitCode.ok
  },
}
