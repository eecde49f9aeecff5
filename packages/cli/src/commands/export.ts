import { type Command, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { feedPages } from '../feed-pages.ts'

export const exportLog: Command = {
  name: 'export',
  usage: 'SERVICE > FILE   every event, as CloudEvents JSON, one a line; personal data stays sealed',
  examples: ['headwater export payments'],
  async run(invocation) {
    const { output } = invocation
    const service = required(exportLog, invocation, 0, 'the name of a service')
    const connection = await connect(invocation)
    const { services } = await connection.json<{ services: { service: string; position: number }[] }>('/status')
    const total = services.find((one) => one.service === service)?.position ?? 0
    const progress = output.progress(`exporting ${service}`, total)
    let events = 0
    for await (const page of feedPages(connection, invocation, { service, view: 'log' })) {
      for (const { text } of page.events) await output.line(text)
      events += page.events.length
      progress.at(page.to)
    }
    progress.end()
    output.say(`${events} events of ${service}`)
    return exitCode.ok
  },
}
