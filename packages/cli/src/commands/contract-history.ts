import { type Finding, rerun } from '@headwater/contract/compare'
import { type Command, Ended, exitCode, type Invocation } from '../command.ts'
import { connect, type Connection } from '../connection.ts'
import { type Coded, codedContracts, contractUrl } from '../contracts.ts'
import { feedPages, type Wanted } from '../feed-pages.ts'

export interface Found extends Finding {
  readonly service: string
}

export const contractHistory: Command = {
  name: 'contract history',
  usage: '[SERVICE…]',
  examples: ['headwater contract history customers'],
  async run(invocation) {
    const { positionals, output, cwd } = invocation
    const coded = await codedContracts(cwd, positionals)
    if (coded.length === 0)
      throw new Ended(exitCode.usage, `Expected services (src/*/service.ts) in ${cwd}, found none.`)
    const found = await historyOf(await connect(invocation), coded, invocation)
    output.show({ services: coded.map(({ service }) => service), findings: found }, () =>
      found.length === 0 ? 'Every stored event is read and shown as before.' : found.map(historyText).join('\n'),
    )
    return found.length === 0 ? exitCode.ok : exitCode.found
  },
}

/** Runs the code's upcasters, schemas and mappings over every event stored, beside what readers are shown of each now. */
export async function historyOf(
  connection: Connection,
  coded: readonly Coded[],
  invocation: Invocation,
): Promise<Found[]> {
  const found: Found[] = []
  for (const { service, contract } of coded) {
    if ((await contractUrl(connection, service)) === undefined) continue // not there yet: no history
    const run = rerun(contract)
    const progress = invocation.output.progress(`events of ${service}`, 0)
    const shown = shownAlong(connection, invocation, service)
    for await (const event of eventsOf(connection, invocation, { service, view: 'log' })) {
      run.take(event, await shown.at(event.position))
      progress.at(run.events)
    }
    progress.end()
    found.push(...run.findings().map((finding) => ({ service, ...finding })))
  }
  return found
}

export function historyText({ service, type, kind, version, count, first, detail }: Found): string {
  const form = version === undefined ? '' : ` (published version ${version})`
  return `HISTORY  ${service} ${type}${form}: ${kind.replaceAll('-', ' ')}, ${count} events, the first at position ${first}\n         ${detail}`
}

async function* eventsOf(connection: Connection, invocation: Invocation, wanted: Wanted) {
  for await (const { events } of feedPages(connection, invocation, wanted)) yield* events
}

/** What the feed shows at each position, read along in the same order. */
function shownAlong(connection: Connection, invocation: Invocation, service: string) {
  const events = eventsOf(connection, invocation, { service, view: 'published' })
  let next: Awaited<ReturnType<typeof events.next>> | undefined
  return {
    async at(position: number): Promise<unknown> {
      next ??= await events.next()
      while (next.done !== true && next.value.position < position) next = await events.next()
      return next.done !== true && next.value.position === position ? next.value.data : undefined
    },
  }
}
