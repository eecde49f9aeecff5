import { type Finding, rerun } from '@headwater/contract/compare'
import { type Command, Ended, exitCode, type Invocation } from '../command.ts'
import { connect, type Connection } from '../connection.ts'
import { type Coded, codedContracts, contractUrl } from '../contracts.ts'
import { feedPages, type Wanted } from '../feed-pages.ts'
import { rerunProjections, type RowsDiffer } from '../projection-history.ts'

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

/**
 * Runs the code's upcasters, schemas, mappings and projections over every event stored, beside what readers are shown of each now and
 * the rows that are read now.
 */
export async function historyOf(
  connection: Connection,
  coded: readonly Coded[],
  invocation: Invocation,
): Promise<(Found | RowsDiffer)[]> {
  const found: (Found | RowsDiffer)[] = []
  for (const one of coded) {
    const { service, contract } = one
    if ((await contractUrl(connection, service)) === undefined) continue // not there yet: no history
    const run = rerun(contract)
    const projections = await rerunProjections(connection, one)
    const progress = invocation.output.progress(`events of ${service}`, 0)
    const shown = shownAlong(connection, invocation, service)
    for await (const event of eventsOf(connection, invocation, { service, view: 'log' })) {
      run.take(event, await shown.at(event.position))
      const { position, stream, streamVersion: version, type, schemaVersion, data } = event
      const occurredAt = new Date(event.occurredAt)
      projections.take({ position, stream, version, type, schemaVersion, occurredAt, data })
      progress.at(run.events)
    }
    progress.end()
    found.push(...run.findings().map((finding) => ({ service, ...finding })), ...projections.findings())
    for (const name of projections.passedOver)
      invocation.output.say(`projection ${name} of ${service} was not run: it is new, in SQL, or holds personal data`)
  }
  return found
}

export function historyText(found: Found | RowsDiffer): string {
  const { service, kind, count, detail } = found
  const what = kind.replaceAll('-', ' ')
  if ('projection' in found)
    return `HISTORY  ${service} projection ${found.projection}: ${what}, ${count} rows\n         ${detail}`
  const form = found.version === undefined ? '' : ` (published version ${found.version})`
  return `HISTORY  ${service} ${found.type}${form}: ${what}, ${count} events, the first at position ${found.first}\n         ${detail}`
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
