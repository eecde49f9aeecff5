import type { Compared, Decision, Results } from '@headwater/experiment/analysis'
import { type Command, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { pathOf, type Summary } from '../experiments.ts'
import { overdueLines } from '../overdue.ts'
import { table } from '../output.ts'

export const experiments: Command = {
  name: 'experiment list',
  usage: '',
  examples: ['headwater experiment list'],
  async run(invocation) {
    const { json } = await connect(invocation)
    const { experiments: all } = await json<{ experiments: Summary[] }>(pathOf())
    invocation.output.show(all, () =>
      table(
        all.map(({ name, phase, service, due, overdue, hypothesis }) => ({
          experiment: name,
          phase,
          service,
          due: `${due ?? ''}${overdue ? ' OVERDUE' : ''}`,
          hypothesis,
        })),
      ),
    )
    for (const line of overdueLines(all)) invocation.output.say(line)
    return exitCode.ok
  },
}

/** What is said of an experiment, wherever it was computed. */
export interface Told {
  readonly phase: string
  readonly decision: Pick<Decision, 'kind' | 'because'>
  readonly results: Results
}

export const results: Command = {
  name: 'experiment results',
  usage: "NAME [--at 'pots=1200,cards=88'] [--time 2027-01-31T12:00:00Z]",
  options: {
    at: { type: 'string', says: 'as of these positions: service=position,…' },
    time: { type: 'string', says: 'as of this time' },
  },
  examples: ['headwater experiment results round-ups'],
  async run(invocation) {
    const { options, output } = invocation
    const name = required(results, invocation, 0, "an experiment's name")
    const { json } = await connect(invocation)
    const asked = new URLSearchParams()
    for (const key of ['at', 'time'] as const) if (options[key] !== undefined) asked.set(key, String(options[key]))
    const found = await json<Told>(pathOf(name, `/results?${asked}`))
    output.show(found, () => readable(found))
    return exitCode.ok
  },
}

const total = (units: Readonly<Record<string, number>>) => Object.values(units).reduce((sum, n) => sum + n, 0)

/** By how much more, in percent; by how much, where control has nothing to compare with. */
function shown({ lift, difference }: Extract<Compared['comparison'], { kind: 'computed' }>) {
  const relative = lift.kind === 'computed'
  const { estimate, lower, upper } = relative ? lift : difference
  const said = (value: number | null) =>
    value === null ? '∞' : relative ? `${(value * 100).toFixed(1)} %` : `${Number(value.toPrecision(3))}`
  return { lift: `${relative ? '' : '+ '}${said(estimate)}`, interval: `${said(lower)} … ${said(upper)}` }
}

export function readable({ phase, decision, results: { sampleRatio, metrics } }: Told): string {
  const rows = metrics.flatMap(({ name, role, treatments, maturing }) =>
    treatments.map(({ variant, comparison }) =>
      comparison.kind === 'cannot-compute'
        ? { metric: name, role, variant, lift: '', interval: comparison.sentence, maturing: total(maturing) }
        : {
            metric: name,
            role,
            variant,
            ...shown(comparison),
            maturing: total(maturing),
          },
    ),
  )
  const ratio =
    sampleRatio === undefined
      ? 'one variant'
      : sampleRatio.kind === 'cannot-compute'
        ? sampleRatio.sentence
        : sampleRatio.mismatch
          ? 'MISMATCH: do not trust the rest'
          : `as allocated (p ${Number(sampleRatio.p.toPrecision(3))})`
  return [`${phase}: ${decision.kind}, ${decision.because}`, `sample ratio: ${ratio}`, table(rows)].join('\n')
}
