import { readFeed } from '@headwater/feed'
import { type Finding, rerun } from '@headwater/contract/compare'
import { type Command, Ended, exitCode, type Invocation } from '../command.ts'
import { connect, type Connection } from '../connection.ts'
import { type Coded, codedContracts, contractUrl } from '../contracts.ts'

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
    const shown = shownAlong(connection, service, invocation.signal)
    for await (const event of eventsOf(connection, service, 'log', invocation.signal)) {
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

async function* eventsOf(connection: Connection, service: string, view: 'log' | 'published', signal: AbortSignal) {
  const ask = (input: any, init?: RequestInit) => connection.fetch(String(input?.url ?? input), init)
  const pages = readFeed(connection.url, {
    service,
    view,
    after: 'start',
    signal,
    waitSeconds: 0,
    fetch: ask as typeof fetch,
  })
  for await (const page of pages) {
    yield* page.events
    if (page.atEnd) return
  }
  signal.throwIfAborted()
}

/** What the feed shows at each position, read along in the same order. */
function shownAlong(connection: Connection, service: string, signal: AbortSignal) {
  const events = eventsOf(connection, service, 'published', signal)
  let next: Awaited<ReturnType<typeof events.next>> | undefined
  return {
    async at(position: number): Promise<unknown> {
      next ??= await events.next()
      while (next.done !== true && next.value.position < position) next = await events.next()
      return next.done !== true && next.value.position === position ? next.value.data : undefined
    },
  }
}
