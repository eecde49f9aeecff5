// A landscape whose one service records so many events a second, and the console over it; says where, and at the end how many there are.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConsole } from '@headwater/console'
import { events, service } from '@headwater/service'
import { listen, startLandscape } from '@headwater/service/landscape'
import { z } from 'zod'

const everyMs = 20
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
async function flow(): Promise<void> {
  const note = 'x'.repeat(160)
  const began = performance.now()
  for (let round = 0; flowing; round++) {
    const batch = Array.from({ length: perAppend }, (_, index) => {
      const data = { river: `r${index % 50}`, centimetres: index, note }
      return { stream: `river-${round % 50}-${index}`, expected: 'any' as const, events: [{ type: 'Rose', data }] }
    })
    await store.append({ streams: batch, meta: { correlationId: 'flood', causationId: 'flood' } })
    recorded += perAppend
    const early = began + round * everyMs - performance.now()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
  }
}

let flowed: Promise<void> | undefined
process.on('message', async (said) => {
  if (said === 'flow') {
    flowing = true
    flowed = flow()
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
process.send!({ link: shown.link() })
