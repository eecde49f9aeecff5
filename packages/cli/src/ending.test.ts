import { tmpdir } from 'node:os'
import { contractOf, events } from '@headwater/contract'
import { feed, memoryLog } from '@headwater/feed'
import { listen, type Listening } from '@headwater/service/landscape'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Process, start } from './landscape.fixture.ts'

const log = memoryLog('pots')
const saved = (note: string) => log.append({ type: 'Saved', stream: 'pot-p1', data: JSON.stringify({ note }) })
const contract = contractOf(events('pots', { Saved: { data: z.object({ note: z.string() }), level: 'published' } }))!
let listening: Listening
const running: Process[] = []

beforeAll(async () => {
  const handle = feed({ log, contract, open: true, basePath: '/pots/events' })
  const home = { _links: { events: { href: '/pots/events' } } }
  listening = await listen(
    async (request) => (new URL(request.url).pathname === '/' ? Response.json(home) : await handle(request, {})),
    {},
  )
  saved('first')
})
afterAll(async () => {
  for (const one of running) one.kill('SIGKILL')
  await listening?.close(0)
})

async function following(): Promise<Process> {
  const command = start(['events', 'pots', '--follow', '--url', listening.origin], tmpdir())
  running.push(command)
  await command.says('first')
  return command
}

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  'ends with the code of the signal that ended it: %s',
  async (signal, code) => {
    const command = await following()
    command.kill(signal)
    expect([await command.ended, command.streams.stderr]).toEqual([code, ''])
  },
  30_000,
)

it('ends quietly once nobody reads what it says', async () => {
  const command = await following()
  command.child.stdout!.destroy()
  saved('unread')
  expect([await command.ended, command.streams.stderr]).toEqual([0, ''])
}, 30_000)

it('ends with the last event that was wanted, also where more are waited for', async () => {
  const command = start(['events', 'pots', '--follow', '--limit', '1', '--url', listening.origin], tmpdir())
  running.push(command)
  expect([await command.ended, command.streams.stdout.trim().split('\n')]).toEqual([
    0,
    [expect.stringContaining('first')],
  ])
}, 30_000)
