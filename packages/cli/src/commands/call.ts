import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect, ended } from '../connection.ts'

export const call: Command = {
  name: 'call',
  usage: "PATH [--data '{…}'] [--method POST] [--key KEY] [--if-match VERSION]",
  options: {
    data: { type: 'string', says: 'JSON to send' },
    method: { type: 'string', says: 'POST when there is data, else GET' },
    key: { type: 'string', says: 'idempotency key: the same key again gives the same answer' },
    'if-match': { type: 'string', says: 'only when the entity has this version' },
    accept: { type: 'string', says: 'media type of the answer' },
  },
  examples: ['headwater call /', 'headwater call /customers/'],
  async run(invocation) {
    const { options, output } = invocation
    const path = required(call, invocation, 0, 'a path, like /customers/')
    const { fetch } = await connect(invocation)
    const headers: Record<string, string> = { accept: String(options.accept ?? 'application/json') }
    if (options.key !== undefined) headers['idempotency-key'] = String(options.key)
    if (options['if-match'] !== undefined) headers['if-match'] = `"${String(options['if-match']).replaceAll('"', '')}"`
    const body = options.data === undefined ? undefined : String(options.data)
    if (body !== undefined) headers['content-type'] = 'application/json'
    const method = String(options.method ?? (body === undefined ? 'GET' : 'POST')).toUpperCase()
    const answer = await fetch(path, { method, headers, ...(body === undefined ? {} : { body }) })
    if (!answer.ok) throw await ended(answer)
    output.say(`${answer.status} ${answer.headers.get('content-type') ?? ''}`)
    const text = await answer.text()
    if (!(answer.headers.get('content-type') ?? '').includes('json')) output.print(text)
    else output.show(parsed(text), () => JSON.stringify(parsed(text), null, 2))
    return exitCode.ok
  },
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Ended(exitCode.failed, `Expected JSON as the answer says it is, got: ${text.slice(0, 200)}`)
  }
}
