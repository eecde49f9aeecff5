import { type Command, exitCode, required } from '../command.ts'
import { connect, ended } from '../connection.ts'
import { table } from '../output.ts'

export const query: Command = {
  name: 'query',
  usage: '"select …" [--at \'{"payments":120}\'] [--format table|json|csv]',
  options: {
    at: { type: 'string', says: 'answer as of these positions, as JSON' },
    format: { type: 'string', says: 'table, json or csv' },
  },
  examples: ['headwater query "select type, count(*) as n from events group by type order by n desc"'],
  async run(invocation) {
    const { options, output } = invocation
    const sql = required(query, invocation, 0, 'a question in SQL')
    const { fetch } = await connect(invocation)
    const csv = options.format === 'csv'
    const answer = await fetch('/lake/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: csv ? 'text/csv' : 'application/json' },
      body: JSON.stringify({
        sql,
        ...(csv ? { format: 'csv' } : {}),
        ...(options.at === undefined ? {} : { at: JSON.parse(String(options.at)) }),
      }),
    })
    if (!answer.ok) throw await ended(answer)
    if (csv) output.print((await answer.text()).trimEnd())
    else {
      const result = (await answer.json()) as { columns: { name: string }[]; rows: unknown[][]; at: unknown }
      const named = result.rows.map((row) =>
        Object.fromEntries(result.columns.map(({ name }, index) => [name, row[index]])),
      )
      output.show(result, () => table(named))
      output.say(`at ${JSON.stringify(result.at)}`)
    }
    return exitCode.ok
  },
}
