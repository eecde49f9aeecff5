import { join } from 'node:path'
import { type Command, exitCode } from '../command.ts'
import { connect, homeOf } from '../connection.ts'
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
    for (const line of await kafkaLines(invocation.cwd)) invocation.output.say(line)
    for (const line of await overdueIn(json)) invocation.output.say(line)
    return exitCode.ok
  },
}

/** Of the Kafka that `headwater dev --kafka` started beside this landscape. */
async function kafkaLines(cwd: string): Promise<string[]> {
  const home = await homeOf(cwd)
  if (home === undefined) return []
  const { seeBeside } = await import('@headwater/kafka')
  const seen = await seeBeside(join(home, 'kafka'))
  if (seen === undefined) return []
  const { tasks } = seen.state
  const running = tasks.filter(({ state }) => state === 'RUNNING').length
  const failed = tasks.filter(({ state }) => state === 'FAILED')
  return [
    `\nkafka ${seen.bootstrap}: connector ${seen.connector} ${seen.state.connector.state}, ${running} of ${tasks.length} tasks running`,
    ...seen.stuck.map(({ service, reason }) => `feed of ${service} stuck: ${reason}`),
    ...failed.map(({ id, trace = '' }) => `task ${id} failed: ${reasonIn(trace)}`),
  ]
}

/** The innermost cause says what happened; what is around it only where it surfaced. */
function reasonIn(trace: string): string {
  const causes = trace.split('\n').filter((line) => line.startsWith('Caused by: '))
  return causes.at(-1)?.slice('Caused by: '.length) ?? trace.split('\n')[0]!
}
