import { type Command, exitCode, required, wholeNumber } from '../command.ts'
import { connect } from '../connection.ts'
import { feedPages } from '../feed-pages.ts'

export const events: Command = {
  name: 'events',
  usage: 'SERVICE [--after N] [--type T] [--limit N] [--all] [--follow]',
  options: {
    after: { type: 'string', says: 'begin behind this position; 0' },
    type: { type: 'string', multiple: true, says: 'only events of this type; may be said several times' },
    limit: { type: 'string', says: 'end after as many events' },
    all: { type: 'boolean', says: 'also internal events and requests; needs the right explore' },
    follow: { type: 'boolean', short: 'f', says: 'go on with events to come' },
  },
  examples: ['headwater events customers --limit 5'],
  async run(invocation) {
    const { options, output } = invocation
    const service = required(events, invocation, 0, 'the name of a service')
    const limit = wholeNumber(invocation, 'limit') ?? Number.POSITIVE_INFINITY
    const after = wholeNumber(invocation, 'after')
    if (limit === 0) return exitCode.ok
    const connection = await connect(invocation)
    const types = options.type as string[] | undefined
    const pages = feedPages(connection, invocation, {
      service,
      view: options.all === true ? 'log' : 'published',
      ...(after !== undefined && { after: { log: '', position: after, id: '' } }),
      ...(types !== undefined && { types }),
      follow: options.follow === true,
    })
    let shown = 0
    for await (const page of pages) {
      for (const event of page.events) {
        shown += 1
        const { position, recordedAt, type, stream } = event
        await output.line(
          output.json
            ? event.text
            : `${String(position).padStart(6)}  ${recordedAt.slice(0, 19)}  ${type.padEnd(22)} ${stream}  ${JSON.stringify(event.data)}`,
        )
        if (shown >= limit) return exitCode.ok
      }
    }
    return exitCode.ok
  },
}
