import { type Command, exitCode } from '../command.ts'
import { connect } from '../connection.ts'
import { overdueIn } from '../overdue.ts'
import { table } from '../output.ts'

export interface ServiceStatus {
  readonly service: string
  readonly position: number
  readonly log: string
  readonly consumers: readonly { name: string; lag: number; parked: number; state: string }[]
}

export const ps: Command = {
  name: 'ps',
  usage: '',
  examples: ['headwater ps', 'headwater ps --json'],
  async run(invocation) {
    const { json } = await connect(invocation)
    const { services } = await json<{ services: ServiceStatus[] }>('/status')
    const rows = services.flatMap(({ service, position, consumers }) => [
      { service, position, consumer: '', lag: '', parked: '', state: '' },
      ...consumers.map((consumer) => ({
        service: '',
        position: '',
        consumer: consumer.name,
        lag: consumer.lag,
        parked: consumer.parked,
        state: consumer.state,
      })),
    ])
    invocation.output.show(services, () => table(rows))
    for (const line of await overdueIn(json)) invocation.output.say(line)
    return exitCode.ok
  },
}
