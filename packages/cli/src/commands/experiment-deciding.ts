import { type Command, Ended, exitCode, type Invocation, required } from '../command.ts'
import { connect } from '../connection.ts'
import { type Kept, pathOf, posted } from '../experiments.ts'

const because = { type: 'string', says: 'the reason; kept' } as const
const as = { type: 'string', says: 'whom the development issuer names as the one who decides; operator' } as const

export const decide: Command = {
  name: 'experiment decide',
  usage: 'NAME keep|kill --because "…" [--variant V] [--as WHO]',
  options: { because, variant: { type: 'string', says: 'the variant to keep' }, as },
  examples: [],
  async run(invocation) {
    const { options } = invocation
    const name = required(decide, invocation, 0, "an experiment's name")
    const verdict = required(decide, invocation, 1, 'keep or kill')
    if (verdict !== 'keep' && verdict !== 'kill')
      throw new Ended(exitCode.usage, `Expected keep or kill, got "${verdict}".`)
    const variant = options.variant === undefined ? {} : { variant: options.variant }
    return await act(invocation, name, 'decide', { verdict, reason: reasonOf(invocation), ...variant })
  },
}

export const agree: Command = {
  name: 'experiment agree',
  usage: 'NAME [--as WHO]',
  options: { as },
  examples: [],
  run: (invocation) => act(invocation, required(agree, invocation, 0, "an experiment's name"), 'agree', {}),
}

export const extend: Command = {
  name: 'experiment extend',
  usage: 'NAME --until 2027-03-01 --because "…"',
  options: { until: { type: 'string', says: 'the day to look again' }, because, as },
  examples: [],
  async run(invocation) {
    const { options } = invocation
    const name = required(extend, invocation, 0, "an experiment's name")
    if (options.until === undefined)
      throw new Ended(exitCode.usage, 'Expected the day to look again: --until 2027-03-01.')
    return await act(invocation, name, 'extend', { until: options.until, reason: reasonOf(invocation) })
  },
}

export const resume: Command = {
  name: 'experiment resume',
  usage: 'NAME --because "…"',
  options: { because, as },
  examples: [],
  run: (invocation) =>
    act(invocation, required(resume, invocation, 0, "an experiment's name"), 'resume', {
      reason: reasonOf(invocation),
    }),
}

function reasonOf({ options }: Invocation): unknown {
  if (options.because !== undefined) return options.because
  throw new Ended(exitCode.usage, 'Expected a reason: --because "…". It is kept.')
}

async function act(invocation: Invocation, name: string, action: string, input: unknown) {
  const { json } = await connect(invocation)
  const state = await json<Kept>(pathOf(name, `/${action}`), posted(input))
  invocation.output.show(state, () => said(state))
  return exitCode.ok
}

function said({ name, phase, override, decision, until }: Kept): string {
  if (override !== undefined)
    return `${name}: ${phase}. ${override.by} wants to ${override.verdict} it against its rule; another person has to agree: headwater experiment agree ${name} --as SOMEBODY`
  if (decision !== undefined)
    return `${name}: ${phase}. Everybody gets ${decision.variant}, decided by ${[decision.by, decision.agreedBy].filter((one) => one !== undefined).join(' and ')}`
  return `${name}: ${phase}${until === undefined ? '' : `, looked at again on ${until}`}`
}
