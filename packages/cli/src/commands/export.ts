import { readFeed } from '@headwater/feed'
import { type Command, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

export const exportLog: Command = {
  name: 'export',
  usage: 'SERVICE > FILE   every event, as CloudEvents JSON, one a line; personal data stays sealed',
  examples: ['headwater export payments'],
  async run(invocation) {
    const { output, signal } = invocation
    const service = required(exportLog, invocation, 0, 'the name of a service')
    const connection = await connect(invocation)
    const { services } = await connection.json<{ services: { service: string; position: number }[] }>('/status')
    const total = services.find((one) => one.service === service)?.position ?? 0
    const progress = output.progress(`exporting ${service}`, total)
    const pages = readFeed(connection.url, {
      service,
      view: 'log',
      after: 'start',
      signal,
      waitSeconds: 0,
      fetch: (input, init) => connection.fetch(String(input), init),
    })
    let events = 0
    for await (const page of pages) {
      for (const { text } of page.events) await output.line(text)
      events += page.events.length
      progress.at(page.to)
      if (page.atEnd) break
    }
    progress.end()
    signal.throwIfAborted()
    output.say(`${events} events of ${service}`)
    return exitCode.ok
  },
}
