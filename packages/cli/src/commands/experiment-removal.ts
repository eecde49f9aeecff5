import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type LeftBehind, leftBehind } from '@headwater/experiment/analysis'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect, homeOf } from '../connection.ts'
import { type Kept, landscapeOf, pathOf, posted, sourcesOf } from '../experiments.ts'
import { table } from '../output.ts'

export const check: Command = {
  name: 'experiment check',
  usage: '',
  examples: ['headwater experiment check'],
  async run(invocation) {
    const { json } = await connect(invocation)
    const { experiments: all } = await json<{ experiments: Kept[] }>(pathOf())
    const decided = all.filter(({ phase }) => phase === 'kept' || phase === 'killed')
    const sources = await sourcesOf(await landscapeOf(invocation))
    const left = decided.flatMap(({ name }) => leftBehind(name, sources).map((line) => ({ experiment: name, ...line })))
    invocation.output.show(left, () => (left.length === 0 ? 'no code of a decided experiment is left' : table(left)))
    return left.length === 0 ? exitCode.ok : exitCode.found
  },
}

/** What the experiments service says would go, or went. */
interface Removal {
  readonly phase: string
  readonly goes: readonly {
    readonly kind: string
    readonly name: string
    readonly byHand?: true
    readonly events?: number
    readonly database?: { readonly name: string; readonly bytes: number }
    readonly consumers?: readonly string[]
    readonly projections?: readonly string[]
    readonly links?: readonly { readonly service: string; readonly relation: string }[]
    readonly windDown?: { readonly title: string; readonly left: number }
  }[]
  readonly readers: readonly { readonly service: string; readonly reader: string }[]
  readonly ready: boolean
  readonly because?: string
  readonly gone?: readonly string[]
  readonly left?: readonly string[]
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
    const before = await json<Removal>(pathOf(name, '/removal'))
    const landscape = await landscapeOf(invocation)
    const services = before.goes.flatMap(({ kind, name: service }) => (kind === 'service' ? [service] : []))
    const code = await codeOf(name, services, landscape)
    output.say(listed(name, before, code))
    if (!before.ready)
      throw new Ended(before.readers.length > 0 ? exitCode.found : exitCode.failed, before.because ?? 'It cannot go.')
    if (services.length === 0 && code.length > 0) {
      output.show({ experiment: name, ...before, code }, () => table(code.map((one) => ({ ...one }))))
      throw new Ended(exitCode.found, 'Nothing but code is left of it. Take these lines out, then remove it again.')
    }
    const sure = options.yes === true || (await output.confirm('Archive and remove all of this?'))
    if (sure !== true) throw new Ended(exitCode.usage, 'Nothing was removed. Say --yes where nobody can be asked.')
    const after = await json<Removal>(pathOf(name, '/removal/carryOut'), posted({ reason: options.because }))
    for (const service of services) await rm(join(landscape, 'src', service), { recursive: true, force: true })
    const topics = await topicsOf(services, invocation.cwd).catch((error: Error) => {
      output.say(`Its topics are left: ${error.message}`)
      return []
    })
    const still = await codeOf(name, services, landscape)
    const shown = {
      experiment: name,
      phase: after.phase,
      goes: before.goes,
      gone: [...(after.gone ?? []), ...topics.map((topic) => `topic ${topic}`)],
      left: after.left,
      code: still,
    }
    output.show(shown, () => proof(name, { ...after, gone: shown.gone }, services, still))
    return still.length === 0 ? exitCode.ok : exitCode.found
  },
}

/** Deletes the topics of services from the Kafka that runs beside, if one does. */
async function topicsOf(services: readonly string[], cwd: string): Promise<string[]> {
  const home = await homeOf(cwd)
  if (home === undefined) return []
  const { removeTopics, seeBeside } = await import('@headwater/kafka')
  const beside = await seeBeside(join(home, 'kafka'))
  if (beside === undefined) return []
  return (await Promise.all(services.map((service) => removeTopics(beside.bootstrap, service)))).flat()
}

/** Lines outside the services that go: those that name the experiment, and those that import what goes. */
async function codeOf(name: string, services: readonly string[], landscape: string): Promise<LeftBehind[]> {
  const sources = await sourcesOf(landscape)
  const outside = sources.filter(({ path }) => !services.some((service) => path.startsWith(`src/${service}/`)))
  const named = leftBehind(name, sources).filter(({ path }) => outside.some((one) => one.path === path))
  const importing = new RegExp(`from '(\\.{1,2}/)+(${services.join('|')})/`)
  const imports = outside.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (importing.test(line) ? [{ path, line: index + 1, text: line.trim() }] : [])),
  )
  return [...named, ...(services.length === 0 ? [] : imports)]
}

function listed(name: string, { goes, readers }: Removal, code: readonly LeftBehind[]): string {
  return [
    `Removing ${name} takes:`,
    ...goes.flatMap((one) => {
      if (one.kind !== 'service') return [`  ${one.kind} ${one.name}${one.byHand ? ' (in the code, by hand)' : ''}`]
      return [
        `  service ${one.name}: its folder, and ${one.events} events, archived first`,
        `    database   ${one.database!.name} (${Math.ceil(one.database!.bytes / 1024)} KiB), and its role`,
        `    consumers  ${one.consumers!.join(', ') || '(none)'}`,
        `    rows       ${one.projections!.join(', ') || '(none)'}`,
        `    topics     headwater.${one.name} and headwater.${one.name}.for.<consumer>, where Kafka runs beside; in another Kafka delete them there`,
        ...(one.windDown === undefined ? [] : [`    first      ${one.windDown.title} (${one.windDown.left} left)`]),
        ...one.links!.map(({ service, relation }) => `    missed by  ${service}, which links to ${relation}`),
      ]
    }),
    ...readers.map(({ service, reader }) => `  still read: ${service} by ${reader}`),
    ...(code.length === 0 ? [] : ['Code that names or imports it, to be taken out by hand:']),
    ...code.map(({ path, line, text }) => `  ${path}:${line}  ${text}`),
  ].join('\n')
}

function proof(
  name: string,
  { gone = [], left = [], phase }: Removal,
  services: readonly string[],
  code: readonly LeftBehind[],
): string {
  return [
    ...gone.map((one) => `gone  ${one}`),
    ...services.map((service) => `gone  folder src/${service}`),
    ...left.filter((one) => code.length > 0 || !one.startsWith('flag ')).map((one) => `left  ${one}`),
    ...code.map(({ path, line, text }) => `left  ${path}:${line}  ${text}`),
    `${name}: ${phase}`,
  ].join('\n')
}
