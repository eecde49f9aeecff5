import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

type Row = readonly [id: string, service: string, type: string, stream: string, at: string, cause: string]

export const why: Command = {
  name: 'why',
  usage: 'EVENT_ID',
  examples: [],
  async run(invocation) {
    const id = required(why, invocation, 0, "an event's id")
    if (!/^[\w.-]{1,200}$/.test(id)) throw new Ended(exitCode.usage, `Expected an event's id, got "${id}".`)
    const { json } = await connect(invocation)
    const { rows } = await json<{ rows: Row[] }>('/lake/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        sql: `select id, service, type, stream, recorded_at, causation_id from events
          where correlation_id in (select correlation_id from events where id = '${id}') order by recorded_at, service, position`,
      }),
    })
    if (rows.length === 0)
      throw new Ended(exitCode.missing, `Expected an event with the id ${id}, found none in the lake.`)
    invocation.output.show(
      rows.map(([event, service, type, stream, at, cause]) => ({ id: event, service, type, stream, at, cause })),
      () => tree(rows, id).join('\n'),
    )
    return exitCode.ok
  },
}

/** Causes above effects; the event asked for is marked. */
function tree(rows: readonly Row[], asked: string): string[] {
  const known = new Set(rows.map(([id]) => id))
  const below = (cause: string | undefined, depth: number): string[] =>
    rows
      .filter(([id, , , , , by]) => (cause === undefined ? !known.has(by) || by === id : by === cause && by !== id))
      .flatMap(([id, service, type, stream, at]) => [
        `${id === asked ? '→' : ' '} ${'  '.repeat(depth)}${type}  ${service}/${stream}  ${at}`,
        ...below(id, depth + 1),
      ])
  return below(undefined, 0)
}
