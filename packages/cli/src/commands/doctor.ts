import { type Command, exitCode } from '../command.ts'
import { table } from '../output.ts'
import { examine } from '../examination.ts'

export const doctor: Command = {
  name: 'doctor',
  usage: '[--port 4000]',
  options: { port: { type: 'string', says: 'port that should be free; 4000' } },
  examples: ['headwater doctor', 'headwater doctor --json'],
  async run(invocation) {
    const { output } = invocation
    const findings = await examine(invocation)
    const marks = { well: output.colour('green', 'ok'), ill: output.colour('red', 'ILL') }
    output.show(findings, () => table(findings.map(({ check, state, found }) => ({ check, '': marks[state], found }))))
    const ill = findings.filter(({ state }) => state === 'ill')
    for (const { check, mend } of ill) output.say(`${check}: ${mend}`)
    return ill.length === 0 ? exitCode.ok : exitCode.found
  },
}
