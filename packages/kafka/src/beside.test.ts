import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { seeBeside } from './index.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

/** A directory beside which a worker answers so. */
async function besideOf(answers: Readonly<Record<string, unknown>>): Promise<string> {
  const worker = createServer(({ url }, response) => response.end(JSON.stringify(answers[url!])))
  await new Promise<void>((listening) => worker.listen(0, '127.0.0.1', listening))
  cleanups.push(
    () => worker.close(),
    () => worker.closeAllConnections(),
  )
  const directory = await mkdtemp(join(tmpdir(), 'headwater-beside-'))
  cleanups.push(() => rm(directory, { recursive: true }))
  const url = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`
  await writeFile(join(directory, 'beside.json'), JSON.stringify({ bootstrap: '127.0.0.1:9092', worker: url }))
  return directory
}

it('sees feeds that are stuck while their task runs', async () => {
  const feed = 'published'
  const directory = await besideOf({
    '/connectors/headwater/status': { name: 'headwater', connector: { state: 'RUNNING' }, tasks: [] },
    '/connectors/headwater/offsets': {
      offsets: [
        { partition: { feed, service: 'pots' }, offset: { position: 3, id: 'e3', stuck: 'Feed of pots: forked' } },
        { partition: { feed, service: 'cards' }, offset: { position: 9, id: 'e9' } },
      ],
    },
  })
  expect(await seeBeside(directory)).toMatchObject({ stuck: [{ service: 'pots', reason: 'Feed of pots: forked' }] })
})
