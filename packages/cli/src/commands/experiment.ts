import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { type LeftBehind, leftBehind } from '@headwater/experiment/analysis'
import { type Command, Ended, exitCode, type Invocation, required } from '../command.ts'
import { connect, homeOf } from '../connection.ts'
import { table } from '../output.ts'

interface State {
  readonly name: string
  readonly phase: string
  readonly service: string
  readonly declaration?: { readonly hypothesis: string; readonly adds?: { readonly services?: readonly string[] } }
}

const pathOf = (name: string, rest = '') => `/experiments/experiments/${encodeURIComponent(name)}${rest}`

export const experiments: Command = {
  name: 'experiment list',
  usage: '',
  examples: ['headwater experiment list'],
  async run(invocation) {
    const { json } = await connect(invocation)
    const { experiments: all } = await json<{ experiments: Record<string, any>[] }>('/experiments/experiments')
    invocation.output.show(all, () =>
      table(
        all.map(({ name, phase, service, due, hypothesis }) => ({ experiment: name, phase, service, due, hypothesis })),
      ),
    )
    return exitCode.ok
  },
}

interface Results {
  readonly phase: string
  readonly decision: { readonly kind: string; readonly because: string }
  readonly results: {
    readonly sampleRatio: { readonly mismatch?: boolean; readonly p?: number; readonly sentence?: string }
    readonly metrics: readonly {
      readonly name: string
      readonly role: string
      readonly maturing: Readonly<Record<string, number>>
      readonly treatments: readonly { readonly variant: string; readonly comparison: Comparison }[]
    }[]
  }
}

type Comparison =
  | { readonly kind: 'cannot-compute'; readonly sentence: string }
  | {
      readonly kind: 'computed'
      readonly lift: {
        readonly estimate: number
        readonly lower: number | null
        readonly upper: number | null
        readonly p: number
      }
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
    const found = await json<Results>(pathOf(name, `/results?${asked}`))
    output.show(found, () => readable(found))
    return exitCode.ok
  },
}

function readable({ phase, decision, results: { sampleRatio, metrics } }: Results): string {
  const percent = (value: number | null) => (value === null ? '∞' : `${(value * 100).toFixed(1)} %`)
  const rows = metrics.flatMap(({ name, role, treatments }) =>
    treatments.map(({ variant, comparison }) =>
      comparison.kind === 'cannot-compute'
        ? { metric: name, role, variant, lift: '', interval: comparison.sentence }
        : {
            metric: name,
            role,
            variant,
            lift: percent(comparison.lift.estimate),
            interval: `${percent(comparison.lift.lower)} … ${percent(comparison.lift.upper)}`,
          },
    ),
  )
  const ratio =
    sampleRatio.sentence ??
    (sampleRatio.mismatch === true ? 'MISMATCH: do not trust the rest' : `as allocated (p ${sampleRatio.p})`)
  return [`${phase}: ${decision.kind}, ${decision.because}`, `sample ratio: ${ratio}`, table(rows)].join('\n')
}

export const decide: Command = {
  name: 'experiment decide',
  usage: 'NAME keep|kill --because "…" [--variant V]',
  options: {
    because: { type: 'string', says: 'the reason; kept' },
    variant: { type: 'string', says: 'the variant to keep' },
  },
  examples: [],
  async run(invocation) {
    const { options, output } = invocation
    const name = required(decide, invocation, 0, "an experiment's name")
    const verdict = required(decide, invocation, 1, 'keep or kill')
    if (options.because === undefined)
      throw new Ended(exitCode.usage, 'Expected a reason: --because "…". It is kept with the decision.')
    const { json } = await connect(invocation)
    const variant = options.variant === undefined ? {} : { variant: options.variant }
    const state = await json<State>(pathOf(name, '/decide'), post({ verdict, reason: options.because, ...variant }))
    output.show(state, () => `${name}: ${state.phase}`)
    return exitCode.ok
  },
}

export const dossier: Command = {
  name: 'experiment dossier',
  usage: 'NAME > FILE',
  examples: ['headwater experiment dossier round-ups'],
  async run(invocation) {
    const name = required(dossier, invocation, 0, "an experiment's name")
    const { json } = await connect(invocation)
    invocation.output.print(JSON.stringify(await json(pathOf(name, '/dossier')), null, 2))
    return exitCode.ok
  },
}

export const check: Command = {
  name: 'experiment check',
  usage: '',
  examples: ['headwater experiment check'],
  async run(invocation) {
    const { json } = await connect(invocation)
    const { experiments: all } = await json<{ experiments: State[] }>('/experiments/experiments')
    const decided = all.filter(({ phase }) => phase === 'kept' || phase === 'killed')
    const sources = await sourcesOf(await landscapeOf(invocation))
    const left = decided.flatMap(({ name }) => leftBehind(name, sources).map((line) => ({ experiment: name, ...line })))
    invocation.output.show(left, () => (left.length === 0 ? 'no code of a decided experiment is left' : table(left)))
    return left.length === 0 ? exitCode.ok : exitCode.found
  },
}

export const remove: Command = {
  name: 'experiment remove',
  usage: 'NAME --because "…" [--yes]',
  options: { because: { type: 'string', says: 'the reason; kept' } },
  examples: [],
  async run(invocation) {
    const { options, output } = invocation
    const name = required(remove, invocation, 0, "an experiment's name")
    if (options.because === undefined)
      throw new Ended(exitCode.usage, 'Expected a reason: --because "…". It is kept with the removal.')
    const { json } = await connect(invocation)
    const state = await json<State>(pathOf(name))
    if (state.phase !== 'kept' && state.phase !== 'killed') {
      throw new Ended(exitCode.failed, `${name} is ${state.phase}. Decide first, then remove what it added.`)
    }
    const landscape = await landscapeOf(invocation)
    const services = state.phase === 'killed' ? (state.declaration?.adds?.services ?? []) : []
    const code = leftBehind(name, await sourcesOf(landscape)).filter(
      ({ path }) => !services.some((service) => path.startsWith(`src/${service}/`)),
    )
    const removals = await Promise.all(
      services.map((service) =>
        json<{ readers: { service: string; consumer: string }[]; events: number }>(`/removals/${service}`),
      ),
    )
    output.say(
      listed(
        name,
        services,
        removals.map(({ events }) => events),
        code,
      ),
    )
    const readers = removals.flatMap((removal) => removal.readers)
    if (readers.length > 0) {
      const who = readers.map(({ service, consumer }) => `${service}/${consumer}`).join(', ')
      throw new Ended(exitCode.found, `What ${name} added is still read by ${who}. Move them first.`)
    }
    const sure = options.yes === true || (await output.confirm('Archive and remove all of this?'))
    if (sure !== true) throw new Ended(exitCode.usage, 'Nothing was removed. Say --yes where nobody can be asked.')
    const gone: string[] = []
    for (const service of services) {
      const { archive } = await json<{ archive: { path: string } }>(`/removals/${service}`, { method: 'POST' })
      await rm(join(landscape, 'src', service), { recursive: true, force: true })
      gone.push(`service ${service}, archived in ${archive.path}`)
    }
    const removed = await json<State>(pathOf(name, '/remove'), post({ gone, reason: options.because }))
    output.show({ experiment: name, phase: removed.phase, gone, code }, () =>
      [...gone, `${name}: ${removed.phase}`].join('\n'),
    )
    return code.length === 0 ? exitCode.ok : exitCode.found
  },
}

function listed(
  name: string,
  services: readonly string[],
  events: readonly number[],
  code: readonly LeftBehind[],
): string {
  return [
    `Removing what ${name} added takes:`,
    ...services.map(
      (service, index) =>
        `  service ${service}: its folder, database and role; ${events[index]} events are archived first`,
    ),
    ...(services.length === 0 ? ['  (no service of its own)'] : []),
    ...(code.length === 0 ? [] : ['Code that still names it, to be taken out by hand:']),
    ...code.map(({ path, line, text }) => `  ${path}:${line}  ${text}`),
  ].join('\n')
}

async function landscapeOf({ cwd }: Invocation): Promise<string> {
  const home = await homeOf(cwd)
  if (home === undefined)
    throw new Ended(
      exitCode.environment,
      'Expected to be in the folder of a landscape, found no .headwater/ here or above.',
    )
  return dirname(home)
}

async function sourcesOf(landscape: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(join(landscape, 'src'), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  return await Promise.all(
    paths.map(async (path) => ({ path: relative(landscape, path), text: await readFile(path, 'utf8') })),
  )
}

function post(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
