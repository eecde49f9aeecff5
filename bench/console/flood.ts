// A landscape whose one service records so many events a second, and the console over it; says where, and at the end how many there are.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConsole } from '@headwater/console'
import { events, service } from '@headwater/service'
import { listen, startLandscape } from '@headwater/service/landscape'
import { z } from 'zod'

const everyMs = 20
const flows = 8
const perSecond = Number(process.argv[2])
const perAppend = (perSecond * everyMs) / 1_000

const facts = events('rivers', {
  Rose: { data: z.object({ river: z.string(), centimetres: z.int(), note: z.string() }), level: 'published' },
})
const directory = await mkdtemp(join(tmpdir(), 'headwater-bench-console-'))
const landscape = await startLandscape([service('rivers', { facts, resources: [] })], {
  postgres: process.env['DATABASE_URL']!,
  name: `bench${process.pid}`,
  directory,
  lake: false,
  log: () => undefined,
})
let origin = ''
const shown = openConsole({
  entry: landscape.url,
  name: 'flood',
  fetch: landscape.fetchAs('operator', ['events:read', 'explore', 'operate']),
  origin: () => origin,
  secret: directory,
})
const listening = await listen(shown.handle, {})
origin = listening.origin
const { store } = landscape.services.get('rivers')!

let recorded = 0
let flowing = false
/** One of several that record at once, so that the rate does not hang on how long one append takes. */
async function flow(turn: number): Promise<void> {
  const note = 'x'.repeat(160)
  const began = performance.now() + turn * everyMs
  for (let round = 0; flowing; round++) {
    const early = began + round * flows * everyMs - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    const events = Array.from({ length: perAppend }, (_, index) => {
      return { type: 'Rose', data: { river: `r${index % 50}`, centimetres: index, note } }
    })
    const streams = [{ stream: `river-${turn}-${round % 50}`, expected: 'any' as const, events }]
    await store.append({ streams, meta: { correlationId: 'flood', causationId: 'flood' } })
    recorded += perAppend
  }
}

let flowed: Promise<unknown> | undefined
process.on('message', async (said) => {
  if (said === 'flow') {
    flowing = true
    flowed = Promise.all(Array.from({ length: flows }, (_, turn) => flow(turn)))
    return
  }
  flowing = false
  await flowed
  process.send!({ recorded, last: await store.log.last() })
  if (said !== 'stop') return
  await listening.close(0)
  await landscape.unmount('rivers', { discard: true })
  await landscape.stop()
  await rm(directory, { recursive: true, force: true })
  process.disconnect()
})
// Whoever started it is gone: nobody would ever stop it.
process.once('disconnect', () => process.exit())
process.send!({ link: shown.link() })
