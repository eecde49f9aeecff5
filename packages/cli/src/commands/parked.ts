import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { table } from '../output.ts'

interface Parked {
  readonly service: string
  readonly position: number
  readonly key: string
  readonly eventId: string
  readonly type: string
  readonly state: string
  readonly attempts: number
  readonly asked?: string
  readonly error?: { readonly message?: string }
}

export const parked: Command = {
  name: 'parked',
  usage: 'SERVICE CONSUMER [--retry | --skip EVENT_ID --reason TEXT]',
  options: {
    retry: { type: 'boolean', says: 'try all of them again' },
    skip: { type: 'string', says: 'leave this event out' },
    reason: { type: 'string', says: 'why it is left out; kept' },
  },
  examples: [
    'headwater parked notifications tell-of-arrivals',
    'headwater parked notifications tell-of-arrivals --retry',
  ],
  async run(invocation) {
    const { options, output } = invocation
    const service = required(parked, invocation, 0, 'the name of a service')
    const path = `/parked/${service}/${required(parked, invocation, 1, 'the name of a consumer')}`
    const { json } = await connect(invocation)
    const post = (body: object) =>
      json<{ keys?: number }>(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    if (options.retry === true) {
      const asked = await post({ retry: true })
      output.show(asked, () => `${asked.keys} keys will be tried again, each in its order`)
      return exitCode.ok
    }
    const { parked: events } = await json<{ parked: Parked[] }>(path)
    if (options.skip === undefined) {
      output.show(events, () => table(events.map(row)))
      return exitCode.ok
    }
    if (options.reason === undefined)
      throw new Ended(exitCode.usage, 'Expected --reason with --skip: it is kept with the event that is left out.')
    const event = events.find(({ eventId }) => eventId === options.skip)
    if (event === undefined)
      throw new Ended(exitCode.missing, `Expected a parked event ${String(options.skip)}, found none.`)
    const asked = await post({ skip: event.eventId, service: event.service, reason: String(options.reason) })
    output.show(asked, () => `${event.type} ${event.eventId} is left out; those behind it of ${event.key} go on`)
    return exitCode.ok
  },
}

function row({ service, position, type, key, state, attempts, asked, error, eventId }: Parked) {
  return {
    event: eventId,
    from: `${service}@${position}`,
    type,
    key,
    state: asked === undefined ? state : `${state}, asked to ${asked}`,
    attempts,
    error: error?.message ?? '',
  }
}
