// HTTP → validate → decide → append (request, event, projection row) → answer, beside the same endpoint written by hand.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { callers, pairs, type Runner } from '../harness/pairs.ts'
import { type Line, report } from '../harness/report.ts'

const start = async (file: string): Promise<{ child: ChildProcess; port: number; token?: string }> => {
  const child = fork(join(import.meta.dirname, file), { execArgv: process.execArgv })
  const [said] = (await once(child, 'message')) as [{ port: number; token?: string }]
  return { child, ...said }
}
const [ours, theirs] = [await start('ours.ts'), await start('by-hand.ts')]

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const body = JSON.stringify({ amountMinor: 1_250 })

/** One request; anything but 200 ends the measurement, since it would be measured for nothing. */
const save = (port: number, path: string, token?: string) => (caller: number) =>
  new Promise<number>((done, failed) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const sent = request({ agent, port, method: 'POST', path: path.replace('*', `p${caller}`), headers }, (answer) => {
      answer.resume()
      answer.on('end', () =>
        answer.statusCode === 200 ? done(1) : failed(new Error(`${path} answered ${answer.statusCode}`)),
      )
    })
    sent.on('error', failed)
    sent.end(body)
  })

const goals = new Map([
  [1, 0.8],
  [8, undefined],
  [32, 1.5],
])
const lines: Line[] = []
for (const [count, goal] of goals) {
  const mine: Runner = callers(count, save(ours.port, '/pots/pots/*/save', ours.token))
  const other: Runner = callers(count, save(theirs.port, '/pots/*/save'))
  const { ratio, low, high, ours: rate, theirs: peer } = await pairs(mine, other)
  const value = `${Math.round(rate)}/s : ${Math.round(peer)}/s = ${ratio.toFixed(2)} × (${low.toFixed(2)}–${high.toFixed(2)})`
  lines.push({
    name: `${count} callers`,
    value,
    ...(goal === undefined ? {} : { goal: `≥ ${goal} ×`, met: ratio >= goal }),
  })
}
ours.child.kill()
theirs.child.kill()
agent.destroy()
report(lines, `request: ${lines.map(({ name, value }) => `${name} ${value.split(' = ')[1]}`).join(', ')}`)
