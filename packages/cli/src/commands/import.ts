import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

const partBytes = 4 * 1024 * 1024

export const importLog: Command = {
  name: 'import',
  usage: 'SERVICE FILE   into the empty log of a service; once more goes on where it broke off',
  examples: [],
  async run(invocation) {
    const { output, cwd, signal } = invocation
    const service = required(importLog, invocation, 0, 'the name of a service')
    const file = resolve(cwd, required(importLog, invocation, 1, 'a file that `headwater export` wrote'))
    const size = await stat(file).catch(() => undefined)
    if (size?.isFile() !== true) throw new Ended(exitCode.missing, `Expected a file at ${file}, found none.`)
    const { json } = await connect(invocation)
    const progress = output.progress(`importing into ${service} (bytes)`, size.size)
    let [events, bytes] = [0, 0]
    for await (const { lines, last } of parts(file)) {
      signal.throwIfAborted()
      const body = lines.join('\n')
      await json(`/imports/${service}?after=${events}${last ? '&last' : ''}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      })
      events += lines.length
      bytes += Buffer.byteLength(body)
      progress.at(bytes)
    }
    progress.end()
    output.show({ service, events }, () => `${events} events are in ${service}; its projections are made anew`)
    return exitCode.ok
  },
}

async function* parts(file: string): AsyncIterable<{ lines: string[]; last: boolean }> {
  let lines: string[] = []
  let bytes = 0
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue
    if (bytes > partBytes) {
      yield { lines, last: false }
      ;[lines, bytes] = [[], 0]
    }
    lines.push(line)
    bytes += Buffer.byteLength(line)
  }
  yield { lines, last: true }
}
