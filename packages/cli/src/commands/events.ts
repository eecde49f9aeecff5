import { readFeed } from '@headwater/feed'
import { type Command, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

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
    const { options, output, signal } = invocation
    const service = required(events, invocation, 0, 'the name of a service')
    const connection = await connect(invocation)
    const limit = options.limit === undefined ? Number.POSITIVE_INFINITY : Number(options.limit)
    const types = options.type as string[] | undefined
    const ask: typeof fetch = (input, init) =>
      connection.fetch(String(input instanceof Request ? input.url : input), init)
    let shown = 0
    const pages = readFeed(connection.url, {
      service,
      view: options.all === true ? 'log' : 'published',
      after: options.after === undefined ? 'start' : { log: '', position: Number(options.after), id: '' },
      ...(types === undefined ? {} : { types }),
      signal,
      ...(options.follow === true ? {} : { waitSeconds: 0 }),
      fetch: ask,
    })
    for await (const page of pages) {
      for (const event of page.events) {
        if (shown >= limit) return exitCode.ok
        shown += 1
        const { position, recordedAt, type, stream } = event
        await output.line(
          output.json
            ? event.text
            : `${String(position).padStart(6)}  ${recordedAt.slice(0, 19)}  ${type.padEnd(22)} ${stream}  ${JSON.stringify(event.data)}`,
        )
      }
      if (page.atEnd && options.follow !== true) return exitCode.ok
    }
    signal.throwIfAborted()
    return exitCode.ok
  },
}
